import type { Streamed } from '@chatelaine/outbound-http';
import {
  invalidToken,
  resourceMetadataUrl,
  defaultResource,
  serverError,
  temporarilyUnavailable,
  type OAuthError,
} from '@chatelaine/protocol';
import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import {
  breakAccount,
  callForAccount,
  callService,
  type Credential,
  liveCredential,
  type ServiceAccount,
  type UpstreamRequest,
} from '../upstream/index.ts';

export type AskDeps = Pick<Deps, 'config' | 'clock' | 'outbound' | 'pool' | 'vault' | 'skews' | 'log' | 'calls'>;

export interface Asking {
  readonly service: Service;
  readonly owner: string;
  /** When the token was issued that authorizes this request, in epoch seconds. */
  readonly issuedAt: number;
  readonly request: Omit<UpstreamRequest, 'service' | 'origin'>;
}

export interface Answered {
  readonly answer: Streamed;
  readonly credential: Credential;
}

/** Another process may replace a credential while a request with it is on its way, so one refusal is not final. */
const TRIES = 3;

/**
 * Calls a service with its owner's credential. A credential that the service no longer accepts is refreshed; if it
 * cannot be, or the new ones are refused again and again, the account is broken, and tokens for it are no longer valid.
 * A request that is refused although the credential is good causes no refresh.
 *
 * @throws OAuthError; OutboundError when there was no answer
 */
export async function askService(deps: AskDeps, asking: Asking): Promise<Answered> {
  let refused: Buffer | null = null;
  for (let tries = 1; ; tries++) {
    const { answer, credential, account } = await ask(deps, asking, refused);
    if (answer.status !== 401) return { answer, credential };
    answer.cancel();
    if (await accepts(deps, asking, credential)) throw refusedThere();
    const refreshable = credential.version === '2.0' && credential.refreshToken !== null;
    if (!refreshable || tries === TRIES) {
      await breakAccount(deps, { id: account.id, used: account.credential });
      throw notConnected(deps);
    }
    refused = account.credential;
  }
}

async function ask(
  deps: AskDeps,
  { service, owner, issuedAt, request }: Asking,
  refused: Buffer | null,
): Promise<Answered & { account: ServiceAccount }> {
  const live = await liveCredential(deps, { service, owner, refused });
  switch (live.kind) {
    case 'gone':
      throw notConnected(deps);
    case 'later':
      throw temporarilyUnavailable('The service cannot be asked right now.', { retryAfter: live.retryAfter });
    case 'credential': {
      const { credential, account } = live;
      // a token is for the account that was connected when it was issued
      if (issuedAt < account.connectedAt) throw notConnected(deps);
      return {
        answer: await callService(deps, { ...request, service, origin: account.origin }, credential),
        credential,
        account,
      };
    }
  }
}

/** Whether the service accepts the credential at all; it may have refused only this one request. */
async function accepts(
  deps: AskDeps,
  { service, request: { signal } }: Asking,
  credential: Credential,
): Promise<boolean> {
  const answer = await callForAccount(deps, { service, signal }, credential);
  answer?.cancel();
  return answer !== null && answer.status !== 401;
}

/** Answers as if the token had expired: when the client asks for another one, it learns the reason. RFC 6750 §3.1. */
function notConnected({ config }: AskDeps): OAuthError {
  const metadata = resourceMetadataUrl(defaultResource(config.issuer));
  return invalidToken('The service is not connected here any more.', {
    headers: { 'www-authenticate': `DPoP error="invalid_token", resource_metadata="${metadata}"` },
  });
}

const refusedThere = (): OAuthError => serverError('The service refused this request with 401.');
