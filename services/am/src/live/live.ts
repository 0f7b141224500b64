import { openListener } from '@chatelaine/postgres';
import type { Deps, Live } from '../deps.ts';
import { announce, CHANNEL, ownersIn } from './announce-store.ts';
import { openStreams, type Streams } from './streams.ts';

export interface OpenLive extends Live {
  readonly streams: Streams;
  /** Says what is still to be said, and listens no more. */
  close(): Promise<void>;
}

type LiveDeps = Pick<Deps, 'config' | 'pool' | 'log'>;

/** Of so many owners at once is told at once; pages of others look again by themselves. */
const MOST = 5_000;

/**
 * What tells open pages, at every process, that something of their owner's changed. It is told after it was committed,
 * of all owners in one statement, a few times a second at most: every NOTIFY commits alone. docs/adr/0038
 */
export function openLive({ config, pool, log }: LiveDeps): OpenLive {
  const streams = openStreams(config.live);
  const changed = new Set<string>();
  let gathering: NodeJS.Timeout | undefined;
  const tell = async (): Promise<void> => {
    gathering = undefined;
    const owners = [...changed];
    changed.clear();
    if (owners.length === 0) return;
    await announce({ pool }, owners).catch((err: unknown) => log.warn({ err }, 'open pages could not be told'));
  };
  const listener = openListener({
    url: config.databaseUrl,
    name: 'am-changes',
    channel: CHANNEL,
    onMessage: (message) => ownersIn(message).forEach(streams.tell),
    onReconnected: streams.tellAll,
    onError: (err) => log.warn({ err }, 'changes are not heard of; trying again'),
  });
  return {
    streams,
    changed(ownerId) {
      if (changed.size >= MOST) return;
      changed.add(ownerId);
      gathering ??= setTimeout(() => void tell(), config.live.gatherMs);
    },
    async close() {
      clearTimeout(gathering);
      await tell();
      await listener.close();
    },
  };
}
