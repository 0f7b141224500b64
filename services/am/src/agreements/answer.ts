import { isAmong, readTermsRecord, type TermsRecord } from '@chatelaine/crypto';
import { clientKeys, resolveClient } from '@chatelaine/oauth-server';
import { type AgreementsResponse, invalidRequest, OAuthError } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { termsUri, titleOf } from '../terms/documents.ts';
import { answerProffer, type CurrentProffer, readCurrentProffer } from '../terms/proffer-store.ts';

type AnswerDeps = Pick<Deps, 'pool' | 'config' | 'clock' | 'server' | 'terms' | 'failpoint'>;

/** The connection whose token was presented. */
export interface Signer {
  readonly ownerId: string;
  readonly connectionId: string;
  readonly clientId: string;
}

/** How far a Requester's clock may differ from ours, in seconds. */
const SKEW = 60;

/** The offer in force for a connection. */
export async function readAgreement({ pool }: Pick<Deps, 'pool'>, signer: Signer): Promise<AgreementsResponse> {
  return shown(await readCurrentProffer(pool, signer));
}

/**
 * Accepts a Requester's answer to the offer in force: signed by a key that it publishes, of terms that the offer names,
 * and the first one. Throws 400 `invalid_request` if it does not answer this offer, and 409 if another decision was
 * made before; nothing is stored then. PROTOCOL §10.3.
 */
export async function takeAgreement(deps: AnswerDeps, signer: Signer, text: string): Promise<AgreementsResponse> {
  const record = await readTermsRecord(text);
  if ('fault' in record) throw refused(`The agreement is not acceptable: ${SENTENCES[record.fault]}.`, record.fault);
  const current = await readCurrentProffer(deps.pool, signer);
  if (current === null || record.proffer.text !== current.proffer)
    throw refused('The agreement answers another offer than the one in force.', 'another offer');
  if (record.claims.iss !== signer.clientId) throw refused('The agreement is by another client.', 'another client');
  faultOfTime(deps, record);
  if (current.decision === null) await keep(deps, { signer, record, current });
  const settled = current.decision === null ? await readCurrentProffer(deps.pool, signer) : current;
  if (settled?.jti !== current.jti || settled.decision === null)
    throw refused('The agreement answers an offer that has been superseded.', 'superseded meanwhile');
  // repeating the same answer succeeds; the first record is the one that is kept
  if (await differs(settled, record))
    throw new OAuthError('invalid_request', 'This offer has been answered otherwise.', { status: 409 });
  return shown(settled);
}

async function keep(
  deps: AnswerDeps,
  { signer, record, current }: { signer: Signer; record: TermsRecord; current: CurrentProffer },
): Promise<void> {
  const signerKeys = await attestingKeys(deps, signer, record);
  const { accepted } = record.claims;
  const name = accepted === undefined ? null : accepted.uri.slice(termsUri(deps.config.issuer, '').length);
  const terms = name === null ? null : await deps.terms.find(name);
  await deps.failpoint('agreement.read');
  await answerProffer(deps.pool, {
    ...signer,
    jti: current.jti,
    answer: record.text,
    decision: name === null ? 'declined' : 'accepted',
    accepted: name,
    title: terms === null ? null : titleOf(terms),
    signerKeys,
  });
  await deps.failpoint('agreement.kept');
}

/**
 * The client's keys, as published or registered, including the one that signed. A set that lacks it is fetched once
 * more.
 */
async function attestingKeys(
  deps: AnswerDeps,
  { clientId }: Signer,
  { key }: TermsRecord,
): Promise<readonly unknown[]> {
  const resolved = await resolveClient(deps.server, clientId);
  if (resolved.kind === 'client')
    for (const refresh of ['when-stale', 'now'] as const) {
      const keys = (await clientKeys(deps.server, resolved.client, refresh))?.keys ?? [];
      if (isAmong(keys, key)) return keys;
    }
  throw refused('The agreement is not signed by a key that the client publishes.', 'key not published');
}

function faultOfTime({ clock }: Pick<Deps, 'clock'>, { claims, proffer }: TermsRecord): void {
  if (claims.iat > clock.now() + SKEW || claims.iat < proffer.claims.iat - SKEW)
    throw refused('The agreement was signed before its offer, or will be.', 'iat');
}

/** Whether the stored answer to the same offer differs from this one. */
async function differs({ answer }: CurrentProffer, { claims }: TermsRecord): Promise<boolean> {
  const kept = answer === null ? null : await readTermsRecord(answer);
  return kept === null || 'fault' in kept || kept.claims.accepted?.uri !== claims.accepted?.uri;
}

const SENTENCES = {
  size: 'it is too long',
  malformed: 'it is not a signed JWT in its one spelling',
  typ: 'it is of another typ',
  key: 'its header has no public key in "jwk"',
  signature: 'its signature does not fit its key',
  claims: 'its claims are not those of an agreement',
  proffer: 'the offer in it is none',
  'not an answer to it': 'it does not answer the offer in it',
} as const;

function shown(current: CurrentProffer | null): AgreementsResponse {
  if (current === null) return {};
  const { proffer, answer } = current;
  return { proffer, ...(answer === null ? {} : { agreement: answer }) };
}

const refused = (message: string, cause: string): OAuthError => invalidRequest(message, { cause });
