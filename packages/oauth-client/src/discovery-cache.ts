import { type Clock, LIFETIME } from '@chatelaine/protocol';
import {
  type DiscoverDeps,
  type DiscoverInput,
  type Discovery,
  type Discovered,
  type DocumentReader,
  discover,
} from './discover.ts';

export interface DiscoveryCache {
  /** {@link discover}, answered from memory while fresh; a failed refresh falls back to what was known, for 24 hours at most. `reader`: reads what is not known, in place of the cache's own. */
  discover(input: DiscoverInput, reader?: DocumentReader): Promise<Discovery>;
  /** Reads anew at the next call: for when the owner adds the server or something did not fit. */
  forget(input: DiscoverInput): void;
}

interface Entry {
  readonly found: Discovered;
  readonly readAt: number;
}

/** Keys are role and issuer, so nothing said by one server is ever believed of another. Bounded: the oldest entry goes first. */
export function createDiscoveryCache(
  deps: DiscoverDeps & { readonly clock: Clock },
  { maxEntries = 1000 }: { readonly maxEntries?: number } = {},
): DiscoveryCache {
  const entries = new Map<string, Entry>();
  const running = new Map<string, Promise<Discovery>>();

  async function refresh(key: string, input: DiscoverInput, outbound: DocumentReader): Promise<Discovery> {
    const discovery = await discover({ ...deps, outbound }, input);
    if (discovery.kind === 'failed') return stillUsable(entries.get(key), deps.clock) ?? discovery;
    entries.delete(key);
    entries.set(key, { found: discovery, readAt: deps.clock.now() });
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) break;
      entries.delete(oldest);
    }
    return discovery;
  }

  return {
    async discover(input, reader = deps.outbound) {
      const key = keyOf(input);
      const entry = entries.get(key);
      if (entry !== undefined && deps.clock.now() < entry.readAt + entry.found.freshForSeconds) return entry.found;
      const already = running.get(key);
      if (already !== undefined) return already;
      const started = refresh(key, input, reader).finally(() => running.delete(key));
      running.set(key, started);
      return started;
    },
    forget: (input) => void entries.delete(keyOf(input)),
  };
}

const keyOf = ({ role, issuer }: DiscoverInput): string => `${role} ${issuer}`;

function stillUsable(entry: Entry | undefined, clock: Clock): Discovered | null {
  return entry !== undefined && clock.now() < entry.readAt + LIFETIME.documentCacheMax ? entry.found : null;
}
