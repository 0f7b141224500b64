import { Readable } from 'node:stream';

/** Whose page listens, in which session. */
export interface Listening {
  readonly ownerId: string;
  readonly session: Buffer;
  /** It listened before: something may have changed meanwhile. */
  readonly isBack: boolean;
}

export type OpenedStream =
  | { readonly kind: 'open'; readonly stream: Readable }
  /** As many as this owner, or all of them, may have at this process. */
  | { readonly kind: 'full' }
  /** This process goes down. */
  | { readonly kind: 'closed' };

export interface Streams {
  open(listening: Listening): OpenedStream;
  /** The pages of this owner are to look again. */
  tell(ownerId: string): void;
  tellAll(): void;
  /** Ends those whose session is not among the live ones, and says to the others that the connection lives. */
  beat(live: (sessions: readonly Buffer[]) => Promise<ReadonlySet<string>>): Promise<void>;
  /** Ends all of them, and lets nobody in any more. */
  close(): void;
}

interface Stream extends Listening {
  readonly out: Readable;
}

// WHATWG HTML §9.2: in milliseconds, how long a browser waits before it comes back; an id, so that it says that it does
const BEGIN = 'retry: 2000\nid: 1\n\n';
/** There is nothing in it: the page asks for what it may see, as its reader. */
const CHANGED = 'data: changed\n\n';
const ALIVE = ':\n\n';
/** Of what nobody takes. */
const MOST_UNREAD_BYTES = 16_384;

/** Of so many owners is remembered that something changed a moment ago. */
const MOST_REMEMBERED = 20_000;

/** Pages that wait to hear of changes at this process (server-sent events). */
export function openStreams({ perOwner, inAll }: { perOwner: number; inAll: number }): Streams {
  const byOwner = new Map<string, Set<Stream>>();
  let count = 0;
  // what changed since the last beat, and since the one before: a page may have been made just before, and listen only
  // now
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
  const say = (stream: Stream, what: string): void => {
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
      const missed = listening.isBack || lately.has(listening.ownerId) || before.has(listening.ownerId);
      say(stream, missed ? BEGIN + CHANGED : BEGIN);
      return { kind: 'open', stream: out };
    },
    tell(ownerId) {
      if (lately.size < MOST_REMEMBERED) lately.add(ownerId);
      byOwner.get(ownerId)?.forEach((stream) => say(stream, CHANGED));
    },
    tellAll: () => all().forEach((stream) => say(stream, CHANGED)),
    async beat(live) {
      [lately, before] = [new Set(), lately];
      const streams = all();
      if (streams.length === 0) return;
      const sessions = await live(streams.map(({ session }) => session));
      for (const stream of streams) {
        if (sessions.has(stream.session.toString('hex'))) say(stream, ALIVE);
        else end(stream);
      }
    },
    close() {
      closed = true;
      all().forEach(end);
    },
  };
}
