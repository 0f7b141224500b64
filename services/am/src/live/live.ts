import { openListener } from '@chatelaine/postgres';
import type { Deps, Live } from '../deps.ts';
import { announce, CHANNEL, ownersIn } from './announce-store.ts';
import { openStreams, type Streams } from './streams.ts';

export interface OpenLive extends Live {
  readonly streams: Streams;
  /** Sends what is still pending, and stops listening. */
  close(): Promise<void>;
}

type LiveDeps = Pick<Deps, 'config' | 'pool' | 'log'>;

/** The most owners that are collected for one announcement; pages of others refresh by themselves. */
const MOST = 5_000;

/**
 * Notifies open pages, at every process, that something of their owner's has changed: after it was committed, for all
 * owners in one statement, and a few times a second at most, because commits with NOTIFY are serialized. docs/adr/0038
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
    await announce({ pool }, owners).catch((err: unknown) => log.warn({ err }, 'open pages could not be notified'));
  };
  const listener = openListener({
    url: config.databaseUrl,
    name: 'am-changes',
    channel: CHANNEL,
    onMessage: (message) => ownersIn(message).forEach(streams.notify),
    onReconnected: streams.notifyAll,
    onError: (err) => log.warn({ err }, 'not listening for changes; trying again'),
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
