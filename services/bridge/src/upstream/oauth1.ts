import { randomId } from '@chatelaine/crypto';
import { OutboundError } from '@chatelaine/outbound-http';
import type { OAuth1Definition, Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { authorizationOf, type OAuth1Secrets, type Parameter, type SignedRequest } from './oauth1-signature.ts';

/** A service that uses OAuth 1.0a, and our registration there. */
export interface OAuth1Party {
  readonly service: Service;
  readonly oauth: OAuth1Definition;
  readonly client: { readonly id: string; readonly secret: string };
}

export interface TokenCredentials {
  readonly token: string;
  readonly tokenSecret: string;
}

export type CredentialsOutcome =
  | { readonly kind: 'credentials'; readonly credentials: TokenCredentials; readonly answer: Record<string, string> }
  | { readonly kind: 'failed'; readonly reason: string };

type OAuth1Deps = Pick<Deps, 'clock' | 'outbound' | 'skews'>;

/**
 * RFC 5849 §2.1. An answer without `oauth_callback_confirmed=true` is from OAuth 1.0, which is open to session
 * fixation.
 */
export async function temporaryCredentials(
  deps: OAuth1Deps,
  party: OAuth1Party,
  callback: string,
): Promise<CredentialsOutcome> {
  const url = party.oauth.temporary_credentials_endpoint;
  const outcome = await ask(deps, party, { url, more: [['oauth_callback', callback]] });
  if (outcome.kind === 'credentials' && outcome.answer['oauth_callback_confirmed'] !== 'true')
    return { kind: 'failed', reason: 'oauth_callback_confirmed is not true' };
  return outcome;
}

/** RFC 5849 §2.2: the address to which the browser is sent. */
export function authorizationUrl({ oauth }: OAuth1Party, token: string): string {
  const url = new URL(oauth.authorization_endpoint);
  url.searchParams.set('oauth_token', token);
  return url.href;
}

/** RFC 5849 §2.3. */
export function tokenCredentials(
  deps: OAuth1Deps,
  party: OAuth1Party,
  input: { temporary: TokenCredentials; verifier: string },
): Promise<CredentialsOutcome> {
  const { temporary, verifier } = input;
  return ask(deps, party, { url: party.oauth.token_endpoint, temporary, more: [['oauth_verifier', verifier]] });
}

/**
 * The signed `Authorization` header field of a request, with the current time by the service's clock as far as it is
 * known.
 */
export function signed(
  { clock, skews }: Pick<Deps, 'clock' | 'skews'>,
  { oauth, client }: OAuth1Party,
  input: { request: SignedRequest; credentials?: TokenCredentials | undefined; more?: readonly Parameter[] },
): string {
  const { request, credentials, more = [] } = input;
  const secrets: OAuth1Secrets = {
    consumerKey: client.id,
    consumerSecret: client.secret,
    ...(credentials && { token: credentials.token, tokenSecret: credentials.tokenSecret }),
  };
  const timestamp = Math.floor(clock.now() + (skews.get(request.url.origin) ?? 0));
  return authorizationOf(request, {
    method: oauth.signature_method,
    secrets,
    fresh: { nonce: randomId(), timestamp },
    more,
  });
}

/** If a service's clock differs by more than this, in seconds, its own time is used. */
const SKEW_SECONDS = 60;

/**
 * Whether a refusal may be about the timestamp: the answer's `Date` is far from what was signed. The difference is then
 * stored, and the request is tried once more. RFC 5849 §3.3.
 */
export function learnSkew(
  { clock, skews }: Pick<Deps, 'clock' | 'skews'>,
  { origin, status, date }: { origin: string; status: number; date: string | null },
): boolean {
  if (status !== 400 && status !== 401) return false;
  const theirs = Date.parse(date ?? '') / 1000;
  const known = skews.get(origin) ?? 0;
  if (Number.isNaN(theirs) || Math.abs(theirs - clock.now() - known) < SKEW_SECONDS) return false;
  skews.set(origin, theirs - clock.now());
  return true;
}

async function ask(
  deps: OAuth1Deps,
  party: OAuth1Party,
  input: { url: string; temporary?: TokenCredentials; more: readonly Parameter[] },
): Promise<CredentialsOutcome> {
  const url = new URL(input.url);
  const { temporary: credentials, more } = input;
  const post = (): Promise<Response> =>
    deps.outbound.fetch(url, {
      method: 'POST',
      headers: { authorization: signed(deps, party, { request: { method: 'POST', url }, credentials, more }) },
      redirect: 'error',
    });
  try {
    let answer = await post();
    const { status, headers } = answer;
    if (learnSkew(deps, { origin: url.origin, status, date: headers.get('date') })) answer = await post();
    if (!answer.ok) return { kind: 'failed', reason: `status ${answer.status}` };
    return readCredentials(await answer.text());
  } catch (error) {
    if (error instanceof OutboundError) return { kind: 'failed', reason: error.message };
    throw error;
  }
}

/** RFC 5849 §2.1, §2.3: form-encoded, whatever its content type says. */
function readCredentials(text: string): CredentialsOutcome {
  const answer = Object.fromEntries(new URLSearchParams(text));
  const { oauth_token: token = '', oauth_token_secret: tokenSecret } = answer;
  if (token === '' || tokenSecret === undefined) return { kind: 'failed', reason: 'not token credentials' };
  return { kind: 'credentials', credentials: { token, tokenSecret }, answer };
}
