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
import { createSingleFlight } from './single-flight.ts';

export interface DiscoveryCache {
  /**
   * As {@link discover}, answered from memory while fresh. If refreshing fails, the answer is what was found last, up
   * to 24 hours old. `reader`, if given, fetches in place of the cache's own outbound client.
   */
  discover(input: DiscoverInput, reader?: DocumentReader): Promise<Discovery>;
  /**
   * Makes the next call fetch again: for when the owner adds the server, or when its answers did not match its
   * metadata.
   */
  forget(input: DiscoverInput): void;
  /** Memory in use, in bytes. */
  readonly bytes: number;
}

interface Entry {
  /** What was found, as JSON: the length of the text is a measure of the memory that it takes. */
  readonly text: string;
  readonly readAt: number;
  readonly freshForSeconds: number;
}

/** Bytes for all servers together, because strangers can name any number of servers. */
const MEMORY_BYTES = 8_388_608;
const ENTRY_BYTES = 512;

/**
 * Entries are keyed by role and issuer, so that what one server says is never believed of another. When the memory is
 * used up, the least recently used entry is dropped.
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
  const singleFlight = createSingleFlight();

  async function refresh(key: string, input: DiscoverInput, outbound: DocumentReader): Promise<Discovery> {
    const discovery = await discover({ ...deps, outbound }, input);
    if (discovery.kind === 'failed') {
      // the entry is still there for LIFETIME.documentCacheMax at most
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
      return singleFlight(key, () => refresh(key, input, reader));
    },
    forget: (input) => void entries.delete(keyOf(input)),
    get bytes() {
      return entries.calculatedSize;
    },
  };
}

const found = ({ text }: Entry): Discovered => JSON.parse(text) as Discovered;

const keyOf = ({ role, issuer }: DiscoverInput): string => `${role} ${issuer}`;
