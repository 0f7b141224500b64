import {
  isAmong,
  readProffer,
  readTermsRecord,
  type RecordResult,
  sha256base64url,
  signAgreement,
  type SignedProffer,
} from '@chatelaine/crypto';
import { fetchResource } from '@chatelaine/oauth-client';
import {
  type AgreementsResponse,
  agreementsResponseSchema,
  LIMIT,
  parseJson,
  sameTerms,
  type TermsReference,
} from '@chatelaine/protocol';
import { type OpenConnection, open } from './connection.ts';
import { allOf, currentOf } from './identity.ts';
import type { Kit } from './options.ts';
import type { ConnectionRef } from './requester-store.ts';

/**
 * Where a connection stands with its owner's terms. `undecided`: nothing was signed, and the operator was told.
 * `unknown`: it could not be found out now.
 */
export type TermsStanding = 'none' | 'accepted' | 'declined' | 'undecided' | 'unknown';

/**
 * Reads the terms that the owner proffers to a connection, answers them as the app's lists say, and keeps the record.
 * Nothing is signed unless the lists pin it by its digest, computed from the document itself. Callers that ask
 * meanwhile for the same connection share the outcome. PROTOCOL §10.3.
 */
export function settleTerms(kit: Kit, ref: ConnectionRef, opened: OpenConnection): Promise<TermsStanding> {
  return kit.share(`terms ${JSON.stringify([ref.owner, ref.connectionId])}`, () => settle(kit, ref, opened));
}

/** The same, by the connection's id. */
export async function termsOf(kit: Kit, ref: ConnectionRef): Promise<TermsStanding> {
  const opened = await open(kit, ref);
  return opened.kind === 'open' ? settleTerms(kit, ref, opened) : 'unknown';
}

async function settle(kit: Kit, ref: ConnectionRef, opened: OpenConnection): Promise<TermsStanding> {
  const now = await callAgreements(kit, opened);
  if (now === null) return 'unknown';
  if (now.proffer === undefined) return 'none';
  const proffer = await readProffer(now.proffer);
  const { issuer } = opened.server;
  // a faulty AM must not make us sign statements about others
  if ('fault' in proffer || proffer.claims.iss !== issuer || proffer.claims.aud !== opened.client.clientId)
    return 'unknown';
  const kept = await kit.store.findAgreement({ ...ref, jti: proffer.claims.jti });
  if (kept !== null && kept.record === now.agreement) return decisionOf(await readTermsRecord(kept.record));
  const amKeys = await keysOf(kit, opened, proffer);
  if (amKeys === null) return 'unknown';
  if (now.agreement !== undefined) return keep(kit, ref, { record: now.agreement, proffer, amKeys });
  const decision = await decide(kit, { am: issuer, terms: proffer.claims.terms });
  if (decision === 'undecided') return decision;
  const agreement = await sign(kit, { proffer, accepted: decision === 'declined' ? null : decision });
  if (agreement === null) return 'undecided';
  const answered = await callAgreements(kit, opened, agreement);
  if (answered?.agreement === undefined) return 'unknown';
  return keep(kit, ref, { record: answered.agreement, proffer, amKeys });
}

/**
 * What the lists say about an offer: the first of its terms that is accepted and still reads as it did when it was
 * listed.
 */
async function decide(
  kit: Kit,
  { am, terms }: { am: string; terms: readonly TermsReference[] },
): Promise<TermsReference | 'declined' | 'undecided'> {
  const { accepts = [], declines = [], undecided } = kit.terms ?? {};
  const isIn = (list: readonly TermsReference[], one: TermsReference): boolean =>
    list.some((each) => sameTerms(each, one));
  const listed = terms.filter((one) => isIn(accepts, one));
  for (const one of listed) if ((await digestAt(kit, am, one.uri)) === one.digest) return one;
  if (listed.length === 0 && terms.every((one) => isIn(declines, one))) return 'declined';
  undecided?.({ am, terms, reason: listed.length === 0 ? 'unlisted' : 'changed' });
  return 'undecided';
}

/** The digest of a document, from the octets as served; null if its AM does not serve it. */
async function digestAt({ outbound }: Kit, am: string, uri: string): Promise<string | null> {
  if (URL.parse(uri)?.origin !== am) return null;
  try {
    const init = { headers: { accept: 'application/json' }, maxBytes: LIMIT.termsBytes, redirect: 'manual' as const };
    const response = await outbound.fetch(uri, init);
    if (response.status !== 200) return null;
    return sha256base64url(new Uint8Array(await response.arrayBuffer()));
  } catch {
    return null;
  }
}

async function sign(
  kit: Kit,
  { proffer, accepted }: { proffer: SignedProffer; accepted: TermsReference | null },
): Promise<string | null> {
  if (kit.signingKey === undefined) return null;
  const { iss, aud } = proffer.claims;
  const claims = { iss: aud, sub: aud, aud: iss, iat: Math.floor(kit.clock.now()), proffer: proffer.text };
  const decided = accepted === null ? { ...claims, declined: true as const } : { ...claims, accepted };
  return signAgreement(decided, currentOf(kit.signingKey));
}

/**
 * The AM's published keys, including the one that signed the offer: they prove later that the AM did. Null if it is not
 * among them, or they are out of reach.
 */
async function keysOf(
  kit: Kit,
  { server }: OpenConnection,
  { key }: SignedProffer,
): Promise<readonly unknown[] | null> {
  for (const url of [server.jwks_uri, server.chatelaine_proffer_keys]) {
    if (url === undefined || URL.parse(url)?.origin !== server.issuer) continue;
    const fetched = await kit.outbound.fetchJson({ url });
    const keys = fetched.kind === 'failed' ? null : keysIn(fetched.json);
    if (keys !== null && isAmong(keys, key)) return keys;
  }
  return null;
}

function keysIn(json: unknown): readonly unknown[] | null {
  const keys: unknown = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : null;
  return Array.isArray(keys) ? (keys as readonly unknown[]) : null;
}

/** Reads the current terms, or posts an answer; null if the AM has no such endpoint or its answer cannot be used. */
async function callAgreements(
  kit: Kit,
  { server, secrets }: OpenConnection,
  agreement?: string,
): Promise<AgreementsResponse | null> {
  const url = server.chatelaine_agreements_endpoint;
  if (url === undefined) return {};
  const headers = { accept: 'application/json' };
  const init =
    agreement === undefined
      ? { headers }
      : {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ agreement }),
        };
  const answer = await fetchResource(kit, { url, init, accessToken: secrets.accessToken, dpopKey: secrets.dpopKey });
  if (answer.kind !== 'answer' || answer.response.status !== 200) return null;
  const body = parseJson(new Uint8Array(await answer.response.arrayBuffer()));
  return agreementsResponseSchema.safeParse(body.kind === 'json' ? body.value : undefined).data ?? null;
}

/**
 * Keeps the AM's copy of the record if it is this app's own answer to this very offer: anybody can make a record with
 * keys of their own.
 */
async function keep(
  kit: Kit,
  ref: ConnectionRef,
  { record, proffer, amKeys }: { record: string; proffer: SignedProffer; amKeys: readonly unknown[] },
): Promise<TermsStanding> {
  const read = await readTermsRecord(record);
  const own = allOf(kit.signingKey).map(({ publicJwk }) => publicJwk);
  if ('fault' in read || read.proffer.text !== proffer.text || !isAmong(own, read.key)) return 'unknown';
  const { jti } = proffer.claims;
  await kit.store.putAgreement({ ...ref, jti, record, amKeys: JSON.stringify({ keys: amKeys }) });
  return decisionOf(read);
}

function decisionOf(read: RecordResult): TermsStanding {
  if ('fault' in read) return 'unknown';
  return read.claims.accepted === undefined ? 'declined' : 'accepted';
}
