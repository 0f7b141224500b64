import { type Clock, LIFETIME } from '@chatelaine/protocol';
import { LRUCache } from 'lru-cache';
import {
  type DiscoverDeps,
  type DiscoverInput,
  type Discovery,
  type Discovered,
  type DocumentReader,
  discover,
} from './discover.ts';
import { createShare } from './share.ts';

export interface DiscoveryCache {
  /**
   * {@link discover}, answered from memory while fresh; a failed refresh falls back to what was known, for 24 hours at
   * most. `reader`: reads what is not known, in place of the cache's own.
   */
  discover(input: DiscoverInput, reader?: DocumentReader): Promise<Discovery>;
  /** Reads anew at the next call: for when the owner adds the server or something did not fit. */
  forget(input: DiscoverInput): void;
  /** What it takes of memory. */
  readonly bytes: number;
}

interface Entry {
  /** JSON of what was found: its size is what it says. */
  readonly text: string;
  readonly readAt: number;
  readonly freshForSeconds: number;
}

/** For all descriptions together: strangers may name servers, ever new ones. */
const MEMORY_BYTES = 8_388_608;
const ENTRY_BYTES = 512;

/**
 * Keys are role and issuer, so nothing said by one server is ever believed of another. Bounded by bytes: what was not
 * asked for longest goes first.
 */
export function createDiscoveryCache(
  deps: DiscoverDeps & { readonly clock: Clock },
  { maxBytes = MEMORY_BYTES }: { readonly maxBytes?: number } = {},
): DiscoveryCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: ({ text }, key) => 2 * (key.length + text.length) + ENTRY_BYTES,
    ttl: LIFETIME.documentCacheMax * 1000,
    ttlAutopurge: true,
    ttlResolution: 0,
    perf: { now: () => deps.clock.now() * 1000 },
  });
  const share = createShare();

  async function refresh(key: string, input: DiscoverInput, outbound: DocumentReader): Promise<Discovery> {
    const discovery = await discover({ ...deps, outbound }, input);
    if (discovery.kind === 'failed') {
      // what is older than that is not there any more
      const known = entries.get(key);
      return known === undefined ? discovery : found(known);
    }
    const { freshForSeconds } = discovery;
    entries.set(key, { text: JSON.stringify(discovery), readAt: deps.clock.now(), freshForSeconds });
    return discovery;
  }

  return {
    async discover(input, reader = deps.outbound) {
      const key = keyOf(input);
      const entry = entries.get(key);
      if (entry !== undefined && deps.clock.now() < entry.readAt + entry.freshForSeconds) return found(entry);
      return share(key, () => refresh(key, input, reader));
    },
    forget: (input) => void entries.delete(keyOf(input)),
    get bytes() {
      return entries.calculatedSize;
    },
  };
}

const found = ({ text }: Entry): Discovered => JSON.parse(text) as Discovered;

const keyOf = ({ role, issuer }: DiscoverInput): string => `${role} ${issuer}`;
