import { bucketOf, hashToken, mintToken, sha256 } from '@chatelaine/crypto';
import { type ErrorCode, LIFETIME, type ScopeSet } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { answerUrl } from './answer-url.ts';
import { requestHash } from './start.ts';

interface ConsentKey {
  readonly requestUri: string;
  readonly clientId: string;
  /** The secret of the browser's interaction cookie. */
  readonly browser: string;
}

/** What the owner agreed to. */
export interface Consent {
  /** Chosen by the caller, so that its own rows can name the grant before it exists. */
  readonly grantId: string;
  readonly subject: string;
  readonly scope: ScopeSet;
  readonly transferScope: ScopeSet | null;
  /** Epoch seconds; null: until ended. */
  readonly expiresAt: number | null;
}

export type ConsentOutcome =
  | { readonly kind: 'redirect'; readonly to: string }
  /** Already answered, expired, or begun in another browser. */
  | { readonly kind: 'gone' };

/** The owner agreed: grant and code appear, and the browser goes back with the code. */
export async function grantConsent(
  deps: ServerDeps,
  input: ConsentKey & { consent: Consent },
): Promise<ConsentOutcome> {
  const { consent } = input;
  const bucket = bucketOf(consent.subject);
  const code = mintToken('ac', bucket);
  const issued = await deps.storage.issueCode({
    requestHash: requestHash(input.requestUri),
    clientId: input.clientId,
    browserHash: sha256(input.browser),
    codeHash: hashToken(code),
    codeLifetimeSeconds: LIFETIME.authorizationCode,
    grant: {
      id: consent.grantId,
      subject: consent.subject,
      bucket,
      scope: consent.scope,
      transferScope: consent.transferScope,
      expiresAt: consent.expiresAt,
    },
  });
  if (issued.kind === 'unknown') return { kind: 'gone' };
  return { kind: 'redirect', to: answerUrl(deps.config.issuer, issued.request, { code }) };
}

/** The request ends without consent: the owner refused, or could not be asked (`prompt=none`). No grant is left. */
export async function refuseConsent(
  deps: ServerDeps,
  input: ConsentKey & { error: ErrorCode; description: string },
): Promise<ConsentOutcome> {
  const refused = await deps.storage.refuseRequest({
    requestHash: requestHash(input.requestUri),
    clientId: input.clientId,
    browserHash: sha256(input.browser),
  });
  if (refused.kind === 'unknown') return { kind: 'gone' };
  const { error, description } = input;
  return { kind: 'redirect', to: answerUrl(deps.config.issuer, refused.request, { error, description }) };
}
