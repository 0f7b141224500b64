import { LIFETIME, OAuthError } from '@chatelaine/protocol';
import { LRUCache } from 'lru-cache';
import type { ServerDeps } from '../deps.ts';
import type { CachedDocument } from '../storage.ts';

export type DocumentDeps = Pick<ServerDeps, 'storage' | 'fetchDocument' | 'clock'>;

export interface DocumentInput<T> {
  readonly url: string;
  readonly refresh?: 'when-stale' | 'now';
  /**
   * What it is read as. One URL can be named both as a client document and as a key set; the two readings are cached
   * separately.
   */
  readonly as: 'client' | 'keys';
  /**
   * The parsed content of a document. Only good ones are kept, in memory and in storage, and parsed no larger than
   * their text.
   */
  readonly read: (json: unknown) => Read<T>;
}

export type Read<T> =
  | { readonly kind: 'good'; readonly value: T }
  /** One word for the operator. */
  | { readonly kind: 'bad'; readonly fault: string };

export type ReadDocument<T> = { readonly kind: 'document'; readonly value: T } | None;

/** Why there is no document to go by. */
export type None =
  /** There is one, and it is no good. */
  | { readonly kind: 'bad'; readonly fault: string }
  /** It could not be fetched; `reason` is that of {@link ServerDeps.fetchDocument}. */
  | { readonly kind: 'unfetched'; readonly reason: string };

/**
 * Documents this process has read within the last seconds, so that the hot path does not ask the database for public
 * text.
 */
const RECENT_SECONDS = 30;
/** A forced refresh asks the other side at most once a minute, also while it does not answer. */
const FORCED_SECONDS = 60;
/**
 * For all documents a process keeps: strangers can name ever new ones. Counted as text, whose size is known; parsed, 64
 * KB may become a megabyte.
 */
export const DOCUMENT_MEMORY_BYTES = 8_388_608;

interface Recent {
  /** JSON; null if there was none, or none that is good. */
  readonly text: string | null;
  /** Why there was none. */
  readonly none: None | null;
  /** When a forced refresh may ask the other side again. */
  readonly forcedFrom: number;
  /** The parsed result, so that the text is parsed and checked once. */
  readonly values: Map<DocumentInput<unknown>['as'], unknown>;
}
type Memory = LRUCache<string, Recent>;
const memories = new WeakMap<object, Memory>();

/**
 * A public JSON document (client document, JWK set), from the cache while it is fresh: 5 minutes to 24 hours (PROTOCOL
 * §1). If it cannot be fetched, the old one is used until it is 24 hours old.
 */
export async function readDocument<T>(deps: DocumentDeps, input: DocumentInput<T>): Promise<ReadDocument<T>> {
  const memory = memoryOf(deps);
  const now = deps.clock.now();
  const known = memory.get(input.url);
  const forced = input.refresh === 'now';
  if (known !== undefined && (!forced || now < known.forcedFrom)) return remembered(known, input);
  const cached = await deps.storage.readDocument(input.url);
  const usable = cached !== null && (forced ? cached.ageSeconds < FORCED_SECONDS : cached.freshForSeconds > 0);
  const found = usable ? judged(cached.body, input) : await fetchAndKeep(deps, { ...input, old: cached });
  const age = usable ? cached.ageSeconds : 0;
  memory.set(input.url, {
    text: found.kind === 'document' ? JSON.stringify(found.json) : null,
    none: found.kind === 'document' ? null : found,
    forcedFrom: now + FORCED_SECONDS - age,
    values: new Map(found.kind === 'document' ? [[input.as, found.value]] : []),
  });
  return found;
}

/** How much of this process's memory documents use. */
export function documentBytes(deps: Pick<ServerDeps, 'storage'>): number {
  return memories.get(deps.storage)?.calculatedSize ?? 0;
}

function remembered<T>({ text, none, values }: Recent, input: DocumentInput<T>): ReadDocument<T> {
  if (none !== null) return none;
  if (text === null) throw new Error('a document without its text');
  // what this reader made of it as this kind
  if (values.has(input.as)) return { kind: 'document', value: values.get(input.as) as T };
  const found = judged(JSON.parse(text) as unknown, input);
  if (found.kind === 'document') values.set(input.as, found.value);
  return found;
}

type Judged<T> = { readonly kind: 'document'; readonly value: T; readonly json: unknown } | None;

function judged<T>(json: unknown, { read }: DocumentInput<T>): Judged<T> {
  const found = read(json);
  return found.kind === 'good' ? { kind: 'document', value: found.value, json } : found;
}

async function fetchAndKeep<T>(
  deps: DocumentDeps,
  { old, ...input }: DocumentInput<T> & { old: CachedDocument | null },
): Promise<Judged<T>> {
  const { url, refresh } = input;
  const mayServe = old !== null && old.ageSeconds < LIFETIME.documentCacheMax;
  const fetched = await deps.fetchDocument(url).catch((error: unknown) => {
    // others can influence how much a service fetches, so the reason must stay recognizable
    if (mayServe && refresh !== 'now' && error instanceof OAuthError && PASSING.has(error.status)) return null;
    throw error;
  });
  if (fetched === null || fetched.kind === 'failed') {
    if (mayServe) return judged(old.body, input);
    return { kind: 'unfetched', reason: fetched?.reason ?? 'passing' };
  }
  const found = judged(fetched.json, input);
  if (found.kind !== 'document') return found;
  const freshForSeconds = Math.min(
    Math.max(fetched.freshForSeconds, LIFETIME.documentCacheMin),
    LIFETIME.documentCacheMax,
  );
  if (fetched.mayBeStored ?? true) await deps.storage.writeDocument({ url, body: fetched.json, freshForSeconds });
  return found;
}

/** Too many for this source, or too many in all; it says nothing about the document. */
const PASSING: ReadonlySet<number> = new Set([429, 503]);

// its functions may keep only the clock of what they are given: the rest belongs to one request, and this outlives it
function memoryOf({ storage, clock }: DocumentDeps): Memory {
  const known = memories.get(storage);
  if (known !== undefined) return known;
  const fresh: Memory = new LRUCache({
    maxSize: DOCUMENT_MEMORY_BYTES,
    // two bytes a character, as much again for the parsed result, and the overhead of an entry
    sizeCalculation: ({ text }, url) => 2 * url.length + 4 * (text?.length ?? 0) + ENTRY_BYTES,
    ttl: RECENT_SECONDS * 1000,
    ttlAutopurge: true,
    ttlResolution: 0,
    perf: { now: () => clock.now() * 1000 },
  });
  memories.set(storage, fresh);
  return fresh;
}

const ENTRY_BYTES = 512;
