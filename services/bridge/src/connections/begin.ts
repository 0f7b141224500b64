import { challengeOf, createVerifier, sha256 } from '@chatelaine/crypto';
import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { oauth1, oauth1At, oauth2, oauth2At } from '../upstream/index.ts';
import { type Attempt, saveAttempt } from './attempt-store.ts';

export type BeginDeps = Pick<Deps, 'config' | 'clock' | 'outbound' | 'pool' | 'vault' | 'skews' | 'log'>;

export interface BeginInput {
  readonly service: Service;
  readonly owner: string;
  /** SHA-256 of the session: only it may finish. */
  readonly session: Buffer;
}

export type Begun =
  | { readonly kind: 'begun'; readonly goTo: string }
  | { readonly kind: 'failed'; readonly sentence: string };

/**
 * The additional authenticated data for what an attempt encrypts: the PKCE verifier and the state, or the secret of the
 * temporary credentials.
 */
export const attemptAad = ({ hash, owner, service }: Omit<Attempt, 'session'>): string =>
  JSON.stringify(['connect_attempt', hash.toString('base64url'), owner, service, 'sealed']);

/**
 * Each service has a redirect URI of its own, so that an answer is never taken for another service's (RFC 9700
 * §4.4.2.2).
 */
export const callbackOf = ({ config }: Pick<Deps, 'config'>, { id }: Service): string =>
  `${config.issuer}/services/${id}/callback`;

/** Starts connecting a service: the answer is bound to this owner, this session and this service. */
export async function begin(deps: BeginDeps, input: BeginInput): Promise<Begun> {
  return input.service.oauth.version === '2.0' ? beginOAuth2(deps, input) : beginOAuth1(deps, input);
}

async function beginOAuth2(deps: BeginDeps, input: BeginInput): Promise<Begun> {
  const [state, verifier] = [createVerifier(), createVerifier()];
  await keep(deps, input, { hash: sha256(state), secret: verifier });
  const goTo = oauth2.authorizationUrl(oauth2At(deps, input.service), {
    redirectUri: callbackOf(deps, input.service),
    state,
    challenge: challengeOf(verifier),
  });
  return { kind: 'begun', goTo };
}

async function beginOAuth1(deps: BeginDeps, input: BeginInput): Promise<Begun> {
  const { service } = input;
  const party = oauth1At(deps, service);
  const outcome = await oauth1.temporaryCredentials(deps, party, callbackOf(deps, service));
  if (outcome.kind === 'failed') {
    deps.log.warn(
      { event: 'service_not_connected', service: service.id, reason: outcome.reason },
      'a service gave no temporary credentials',
    );
    const sentence =
      `${service.title} did not take the request. ` +
      'Try again in a moment; if it stays so, tell whoever runs this service.';
    return { kind: 'failed', sentence };
  }
  const { token, tokenSecret } = outcome.credentials;
  await keep(deps, input, { hash: sha256(token), secret: tokenSecret });
  return { kind: 'begun', goTo: oauth1.authorizationUrl(party, token) };
}

async function keep(
  deps: BeginDeps,
  { service, owner, session }: BeginInput,
  { hash, secret }: { hash: Buffer; secret: string },
): Promise<void> {
  const attempt = { hash, owner, session, service: service.id };
  await saveAttempt(deps, { ...attempt, encrypted: deps.vault.encrypt(secret, attemptAad(attempt)) });
}
