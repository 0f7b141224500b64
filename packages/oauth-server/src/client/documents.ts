import { LIFETIME, OAuthError } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import type { CachedDocument } from '../storage.ts';

type DocumentDeps = Pick<ServerDeps, 'storage' | 'fetchDocument' | 'clock'>;

/** Documents this process has read within the last seconds, so that the hot path does not ask the database for public text. */
const RECENT_SECONDS = 30;
const RECENT_MAX = 500;
/** A forced refresh costs the other side one request a minute at most, also while it does not answer. */
const FORCED_SECONDS = 60;
interface Recent {
  readonly body: unknown;
  readonly until: number;
  /** When a forced refresh may ask the other side again. */
  readonly forcedFrom: number;
}
const recent = new WeakMap<object, Map<string, Recent>>();

/**
 * A public JSON document (client document, JWK set), from cache while it is fresh: 5 minutes to 24 hours (PROTOCOL §1). When it cannot
 * be fetched, the old one serves until it is 24 hours old. `null`: there is none to be had.
 */
export async function readDocument(
  deps: DocumentDeps,
  input: { url: string; refresh?: 'when-stale' | 'now' },
): Promise<unknown> {
  const memory = memoryOf(deps);
  const now = deps.clock.now();
  const known = memory.get(input.url);
  const forced = input.refresh === 'now';
  if (known !== undefined && now < (forced ? known.forcedFrom : known.until)) return known.body;
  const cached = await deps.storage.readDocument(input.url);
  const usable = cached !== null && (forced ? cached.ageSeconds < FORCED_SECONDS : cached.freshForSeconds > 0);
  const body = usable ? cached.body : await fetchAndKeep(deps, { ...input, old: cached });
  if (memory.size >= RECENT_MAX) memory.clear();
  const age = usable ? cached.ageSeconds : 0;
  memory.set(input.url, { body, until: now + RECENT_SECONDS, forcedFrom: now + FORCED_SECONDS - age });
  return body;
}

async function fetchAndKeep(
  deps: DocumentDeps,
  { url, refresh, old }: { url: string; refresh?: 'when-stale' | 'now'; old: CachedDocument | null },
): Promise<unknown> {
  const mayServe = old !== null && old.ageSeconds < LIFETIME.documentCacheMax;
  const fetched = await deps.fetchDocument(url).catch((error: unknown) => {
    // others have a hand in how many fetches a service causes: it must stay known for what it was
    if (mayServe && refresh !== 'now' && error instanceof OAuthError && error.status === 429) return null;
    throw error;
  });
  if (fetched === null || fetched.kind === 'failed') return mayServe ? old.body : null;
  const freshForSeconds = Math.min(
    Math.max(fetched.freshForSeconds, LIFETIME.documentCacheMin),
    LIFETIME.documentCacheMax,
  );
  await deps.storage.writeDocument({ url, body: fetched.json, freshForSeconds });
  return fetched.json;
}

function memoryOf(deps: DocumentDeps): Map<string, Recent> {
  const known = recent.get(deps.storage);
  if (known !== undefined) return known;
  const fresh = new Map<string, Recent>();
  recent.set(deps.storage, fresh);
  return fresh;
}
