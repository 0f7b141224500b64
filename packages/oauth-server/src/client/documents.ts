import { LIFETIME, OAuthError } from '@chatelaine/protocol';
import { LRUCache } from 'lru-cache';
import type { ServerDeps } from '../deps.ts';
import type { CachedDocument } from '../storage.ts';

export type DocumentDeps = Pick<ServerDeps, 'storage' | 'fetchDocument' | 'clock'>;

export interface DocumentInput {
  readonly url: string;
  readonly refresh?: 'when-stale' | 'now';
  /** What is wrong with a document, in a word for the operator, or null. Only what is good is kept, in memory and in storage. */
  readonly faultOf: (json: unknown) => string | null;
}

export type ReadDocument =
  | { readonly kind: 'document'; readonly json: unknown }
  /** `fault`: of the document that is there, or null when there is none to be had. */
  | { readonly kind: 'none'; readonly fault: string | null };

/** Documents this process has read within the last seconds, so that the hot path does not ask the database for public text. */
const RECENT_SECONDS = 30;
/** A forced refresh costs the other side one request a minute at most, also while it does not answer. */
const FORCED_SECONDS = 60;
/** For all that a process keeps of documents: strangers name them, ever new ones. As text, whose size is what it says; parsed, 64 KB may become a megabyte. */
export const DOCUMENT_MEMORY_BYTES = 8_388_608;

interface Recent {
  /** JSON; null when there was none, or none that is good. */
  readonly text: string | null;
  readonly fault: string | null;
  /** When a forced refresh may ask the other side again. */
  readonly forcedFrom: number;
}
type Memory = LRUCache<string, Recent>;
const memories = new WeakMap<object, Memory>();

/**
 * A public JSON document (client document, JWK set), from cache while it is fresh: 5 minutes to 24 hours (PROTOCOL §1). When it cannot
 * be fetched, the old one serves until it is 24 hours old.
 */
export async function readDocument(deps: DocumentDeps, input: DocumentInput): Promise<ReadDocument> {
  const memory = memoryOf(deps);
  const now = deps.clock.now();
  const known = memory.get(input.url);
  const forced = input.refresh === 'now';
  if (known !== undefined && (!forced || now < known.forcedFrom)) return judged(known, input);
  const cached = await deps.storage.readDocument(input.url);
  const usable = cached !== null && (forced ? cached.ageSeconds < FORCED_SECONDS : cached.freshForSeconds > 0);
  const found = usable ? judgedJson(cached.body, input) : await fetchAndKeep(deps, { ...input, old: cached });
  const age = usable ? cached.ageSeconds : 0;
  memory.set(input.url, {
    text: found.kind === 'document' ? JSON.stringify(found.json) : null,
    fault: found.kind === 'none' ? found.fault : null,
    forcedFrom: now + FORCED_SECONDS - age,
  });
  return found;
}

/** What documents take of this process's memory. */
export function documentBytes(deps: Pick<ServerDeps, 'storage'>): number {
  return memories.get(deps.storage)?.calculatedSize ?? 0;
}

/** What one reader takes another may not: one URL can be named as a client document and as a key set. */
function judged({ text, fault }: Recent, input: DocumentInput): ReadDocument {
  return text === null ? { kind: 'none', fault } : judgedJson(JSON.parse(text) as unknown, input);
}

function judgedJson(json: unknown, { faultOf }: DocumentInput): ReadDocument {
  const fault = faultOf(json);
  return fault === null ? { kind: 'document', json } : { kind: 'none', fault };
}

async function fetchAndKeep(
  deps: DocumentDeps,
  { old, ...input }: DocumentInput & { old: CachedDocument | null },
): Promise<ReadDocument> {
  const { url, refresh } = input;
  const mayServe = old !== null && old.ageSeconds < LIFETIME.documentCacheMax;
  const fetched = await deps.fetchDocument(url).catch((error: unknown) => {
    // others have a hand in how many fetches a service causes: it must stay known for what it was
    if (mayServe && refresh !== 'now' && error instanceof OAuthError && PASSING.has(error.status)) return null;
    throw error;
  });
  if (fetched === null || fetched.kind === 'failed')
    return mayServe ? judgedJson(old.body, input) : { kind: 'none', fault: null };
  const found = judgedJson(fetched.json, input);
  if (found.kind === 'none') return found;
  const freshForSeconds = Math.min(
    Math.max(fetched.freshForSeconds, LIFETIME.documentCacheMin),
    LIFETIME.documentCacheMax,
  );
  if (fetched.mayBeStored ?? true) await deps.storage.writeDocument({ url, body: fetched.json, freshForSeconds });
  return found;
}

/** Too many of this source's, too many in all: not a word about the document. */
const PASSING: ReadonlySet<number> = new Set([429, 503]);

// of what it is given, its functions may hold nothing but the clock: the rest is one request's, and this lives on
function memoryOf({ storage, clock }: DocumentDeps): Memory {
  const known = memories.get(storage);
  if (known !== undefined) return known;
  const fresh: Memory = new LRUCache({
    maxSize: DOCUMENT_MEMORY_BYTES,
    // two bytes for a character, and what an entry costs beside them
    sizeCalculation: ({ text }, url) => 2 * (url.length + (text?.length ?? 0)) + ENTRY_BYTES,
    ttl: RECENT_SECONDS * 1000,
    ttlAutopurge: true,
    ttlResolution: 0,
    perf: { now: () => clock.now() * 1000 },
  });
  memories.set(storage, fresh);
  return fresh;
}

const ENTRY_BYTES = 512;
