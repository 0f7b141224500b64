import { bucketOf, hashToken, mintToken, sha256 } from '@chatelaine/crypto';
import { type ErrorCode, LIFETIME, type ScopeSet } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { answerUrl } from './answer-url.ts';
import { encryptAnswer } from './kept-answer.ts';
import { requestHash } from './request-hash.ts';
import type { Interaction } from './start.ts';

interface ConsentKey {
  readonly interaction: Interaction;
  /** The secret of the browser's interaction cookie. */
  readonly browser: string;
  /** A hash of who answered and what: the same for the same answer. */
  readonly press: Buffer;
}

/** What the owner agreed to. */
export interface Consent {
  /** Chosen by the caller, so that its own rows can refer to the grant before it exists. */
  readonly grantId: string;
  readonly subject: string;
  readonly scope: ScopeSet;
  readonly transferScope: ScopeSet | null;
  /** Epoch seconds; null: until ended. */
  readonly expiresAt: number | null;
  /** `live`: the grant exists and stays as it is; the code is a further one for it. */
  readonly grant?: 'new' | 'live';
}

export type ConsentOutcome =
  | { readonly kind: 'redirect'; readonly to: string }
  /** Already answered, expired, or begun in another browser. */
  | { readonly kind: 'gone' };

/**
 * The owner agreed: creates grant and code, or a further code for an existing grant, and sends the browser back with
 * the code.
 */
export async function grantConsent(
  deps: ServerDeps,
  input: ConsentKey & { consent: Consent },
): Promise<ConsentOutcome> {
  const { consent, interaction } = input;
  const bucket = bucketOf(consent.subject);
  const code = mintToken('ac', bucket);
  const to = answerUrl(deps.config.issuer, interaction.request, { code });
  const parts = {
    ...finished(input, to),
    codeHash: hashToken(code),
    codeLifetimeSeconds: LIFETIME.authorizationCode,
  };
  const grant = { id: consent.grantId, subject: consent.subject, bucket };
  const { scope, transferScope, expiresAt } = consent;
  const issued =
    consent.grant === 'live'
      ? await deps.storage.issueFurtherCode({ ...parts, grant })
      : await deps.storage.issueCode({ ...parts, grant: { ...grant, scope, transferScope, expiresAt } });
  return issued.kind === 'unknown' ? { kind: 'gone' } : { kind: 'redirect', to };
}

/** The request ends without consent: the owner refused, or could not be asked (`prompt=none`). No grant is left. */
export async function refuseConsent(
  deps: ServerDeps,
  input: ConsentKey & { error: ErrorCode; description: string },
): Promise<ConsentOutcome> {
  const { error, description, interaction } = input;
  const to = answerUrl(deps.config.issuer, interaction.request, { error, description });
  const refused = await deps.storage.refuseRequest(finished(input, to));
  return refused.kind === 'unknown' ? { kind: 'gone' } : { kind: 'redirect', to };
}

function finished({ interaction, browser, press }: ConsentKey, to: string) {
  const { requestUri, client } = interaction;
  return {
    requestHash: requestHash(requestUri),
    clientId: client.id,
    browserHash: sha256(browser),
    answer: { press, encrypted: encryptAnswer({ requestUri, browser }, to) },
  };
}
