import { type Jwks, type JwtResult, validateJwks, type VerifyJwtInput, verifyJwt } from '@chatelaine/crypto';
import type { Client } from './client.ts';
import { type DocumentDeps, type Read, readDocument } from './documents.ts';

export type VerifiedByClient = JwtResult | { readonly kind: 'invalid'; readonly reason: 'no keys' };

/**
 * Verifies a JWT with the published keys of a client. A `kid` that is not in the set causes it to be fetched again (at
 * most once a minute), so that a rotated key works before the cache expires.
 */
export async function verifyByClient(
  deps: DocumentDeps,
  client: Client,
  input: Omit<VerifyJwtInput, 'keys' | 'clock'>,
): Promise<VerifiedByClient> {
  const keys = await clientKeys(deps, client, 'when-stale');
  if (keys === null) return { kind: 'invalid', reason: 'no keys' };
  const first = await verifyJwt({ ...input, keys, clock: deps.clock });
  if (first.kind === 'valid' || first.reason !== 'kid' || client.keys?.kind !== 'uri') return first;
  const refetched = await clientKeys(deps, client, 'now');
  return refetched === null ? first : verifyJwt({ ...input, keys: refetched, clock: deps.clock });
}

/**
 * A client's usable keys, as published or registered; null if there are none, or they are out of reach. `now`: fetches
 * them again, at most once a minute.
 */
export async function clientKeys(
  deps: DocumentDeps,
  client: Client,
  refresh: 'when-stale' | 'now',
): Promise<Jwks | null> {
  if (client.keys === null) return null;
  if (client.keys.kind === 'inline') return client.keys.jwks;
  const found = await readDocument(deps, { url: client.keys.uri, refresh, as: 'keys', read: readKeys });
  return found.kind === 'document' ? found.value : null;
}

function readKeys(json: unknown): Read<Jwks> {
  const checked = validateJwks(json);
  return checked.kind === 'valid' ? { kind: 'good', value: checked.jwks } : { kind: 'bad', fault: 'keys' };
}
