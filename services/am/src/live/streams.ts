import { Readable } from 'node:stream';

/** The owner and session of a page that listens. */
export interface Listening {
  readonly ownerId: string;
  readonly session: Buffer;
  /** Whether it listened before: then something may have changed in the meantime. */
  readonly isReconnecting: boolean;
}

export type OpenedStream =
  | { readonly kind: 'open'; readonly stream: Readable }
  /** The limit of streams, of this owner or in all, is reached at this process. */
  | { readonly kind: 'full' }
  /** This process is stopping. */
  | { readonly kind: 'closed' };

export interface Streams {
  open(listening: Listening): OpenedStream;
  /** Makes the pages of this owner refresh. */
  notify(ownerId: string): void;
  notifyAll(): void;
  /** Ends streams whose session is no longer live, and keeps the connections of the others alive. */
  beat(live: (sessions: readonly Buffer[]) => Promise<ReadonlySet<string>>): Promise<void>;
  /** Ends all streams, and accepts no more. */
  close(): void;
}

interface Stream extends Listening {
  readonly out: Readable;
}

// WHATWG HTML §9.2: `retry` is how many milliseconds a browser waits before it reconnects; an `id` makes it say that it
// does
const BEGIN = 'retry: 2000\nid: 1\n\n';
/** Without content: the page then asks for what it may see, in its reader's session. */
const CHANGED = 'data: changed\n\n';
const ALIVE = ':\n\n';
/** How many bytes a stream buffers before it is ended. */
const MOST_UNREAD_BYTES = 16_384;

/** For how many owners a recent change is remembered. */
const MOST_REMEMBERED = 20_000;

/** The pages that wait for changes at this process (server-sent events). */
export function openStreams({ perOwner, inAll }: { perOwner: number; inAll: number }): Streams {
  const byOwner = new Map<string, Set<Stream>>();
  let count = 0;
  // what changed since the last beat and the one before: a page may have been rendered just before a change, and start
  // listening only now
  let [lately, before] = [new Set<string>(), new Set<string>()];
  let closed = false;
  const all = (): Stream[] => [...byOwner.values()].flatMap((streams) => [...streams]);
  const leave = (stream: Stream): void => {
    const own = byOwner.get(stream.ownerId);
    if (own?.delete(stream) !== true) return;
    count -= 1;
    if (own.size === 0) byOwner.delete(stream.ownerId);
  };
  const end = (stream: Stream): void => {
    leave(stream);
    stream.out.push(null);
  };
  const send = (stream: Stream, what: string): void => {
    if (stream.out.readableLength > MOST_UNREAD_BYTES) stream.out.destroy();
    else stream.out.push(what);
  };
  return {
    open(listening) {
      if (closed) return { kind: 'closed' };
      const own = byOwner.get(listening.ownerId) ?? new Set();
      if (own.size >= perOwner || count >= inAll) return { kind: 'full' };
      const out = new Readable({ read: () => undefined });
      const stream = { ...listening, out };
      byOwner.set(listening.ownerId, own.add(stream));
      count += 1;
      out.once('close', () => leave(stream));
      const missed = listening.isReconnecting || lately.has(listening.ownerId) || before.has(listening.ownerId);
      send(stream, missed ? BEGIN + CHANGED : BEGIN);
      return { kind: 'open', stream: out };
    },
    notify(ownerId) {
      if (lately.size < MOST_REMEMBERED) lately.add(ownerId);
      byOwner.get(ownerId)?.forEach((stream) => send(stream, CHANGED));
    },
    notifyAll: () => all().forEach((stream) => send(stream, CHANGED)),
    async beat(live) {
      [lately, before] = [new Set(), lately];
      const streams = all();
      if (streams.length === 0) return;
      const sessions = await live(streams.map(({ session }) => session));
      for (const stream of streams) {
        if (sessions.has(stream.session.toString('hex'))) send(stream, ALIVE);
        else end(stream);
      }
    },
    close() {
      closed = true;
      all().forEach(end);
    },
  };
}
