import { OutboundError } from '@chatelaine/outbound-http';
import { parseJson } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { memberOf, neededScopes, type OAuth2Definition, type Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';

/** A service that uses OAuth 2.0, and our registration there. */
export interface OAuth2Party {
  readonly service: Service;
  readonly oauth: OAuth2Definition;
  readonly client: { readonly id: string; readonly secret: string };
}

export interface Tokens {
  readonly kind: 'tokens';
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Seconds; null if the service does not say. */
  readonly expiresIn: number | null;
  /**
   * The scopes that were granted; null if the service does not say, which means those that were requested (RFC 6749
   * §5.1).
   */
  readonly granted: readonly string[] | null;
  /** The whole response: some services say in it which account it is for. */
  readonly answer: unknown;
}

export type TokenOutcome =
  | Tokens
  /** The code or the refresh token is not valid, and will not be. */
  | { readonly kind: 'refused'; readonly error: string }
  /** Any other failure: it may succeed another time. */
  | { readonly kind: 'failed'; readonly reason: string };

/** The errors by which services reject a refresh token for good: that of RFC 6749 §5.2, and two of their own. */
const GONE = new Set(['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token']);

type OAuth2Deps = Pick<Deps, 'config' | 'outbound'>;

/** The address to which the browser is sent. RFC 6749 §4.1.1, RFC 7636 §4.3. */
export function authorizationUrl(
  { service, oauth: definition, client }: OAuth2Party,
  { redirectUri, state, challenge }: { redirectUri: string; state: string; challenge: string },
): string {
  const url = new URL(definition.authorization_endpoint);
  const scopes = neededScopes(service).join(definition.scope_separator);
  const parameters = {
    ...definition.authorization_parameters,
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    state,
    ...(scopes === '' ? {} : { [definition.scope_parameter]: scopes }),
    ...(definition.pkce ? { code_challenge: challenge, code_challenge_method: 'S256' } : {}),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/**
 * Redeems the answer that came back in the browser, if `state`, and `iss` where the service sends one (RFC 9207), are
 * those of this attempt.
 */
export async function redeemCode(
  deps: OAuth2Deps,
  party: OAuth2Party,
  input: { callback: URLSearchParams; state: string; verifier: string; redirectUri: string },
): Promise<TokenOutcome> {
  const { as, client } = asParties(party);
  let checked: URLSearchParams;
  try {
    checked = oauth.validateAuthResponse(as, client, input.callback, input.state);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return { kind: 'refused', error: error.error };
    return { kind: 'refused', error: unusable(error) };
  }
  const verifier = party.oauth.pkce ? input.verifier : oauth.nopkce;
  return ask(deps, party, (options) =>
    oauth.authorizationCodeGrantRequest(
      as,
      client,
      authenticationOf(party),
      checked,
      input.redirectUri,
      verifier,
      options,
    ),
  );
}

/** RFC 6749 §6. If the response contains no refresh token, the old one stays. */
export async function refresh(deps: OAuth2Deps, party: OAuth2Party, refreshToken: string): Promise<TokenOutcome> {
  const { as, client } = asParties(party);
  const outcome = await ask(deps, party, (options) =>
    oauth.refreshTokenGrantRequest(as, client, authenticationOf(party), refreshToken, options),
  );
  return outcome.kind === 'tokens' ? { ...outcome, refreshToken: outcome.refreshToken ?? refreshToken } : outcome;
}

/** RFC 7009. True if the service confirms that the token is revoked. */
export async function revoke(deps: OAuth2Deps, party: OAuth2Party, token: string): Promise<boolean> {
  const { endpoint } = party.service.revocation;
  if (endpoint === undefined) return false;
  const { as, client } = asParties(party);
  try {
    const answer = await oauth.revocationRequest(
      { ...as, revocation_endpoint: endpoint },
      client,
      authenticationOf(party),
      token,
      optionsOf(deps),
    );
    return answer.ok;
  } catch (error) {
    if (error instanceof OutboundError) return false;
    throw error;
  }
}

type Options = ReturnType<typeof optionsOf>;

async function ask(
  deps: OAuth2Deps,
  { oauth: definition }: OAuth2Party,
  request: (options: Options) => Promise<Response>,
): Promise<TokenOutcome> {
  try {
    return await readAnswer(definition, await request(optionsOf(deps)));
  } catch (error) {
    return { kind: 'failed', reason: error instanceof OutboundError ? error.message : unusable(error) };
  }
}

/**
 * Why an answer is not one that a service may send, in the library's words, which contain nothing of the answer.
 *
 * @throws any other error
 */
function unusable(error: unknown): string {
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
    return error.message;
  throw error;
}

const answerSchema = z.object({
  access_token: z.string().min(1).max(8192),
  refresh_token: z.string().min(1).max(8192).optional(),
  // some services send it as a string
  expires_in: z.coerce.number().int().positive().max(1e9).optional().catch(undefined),
  scope: z.string().optional(),
});

/**
 * Services express the same things in different ways: an error with status 200, no `expires_in`, no `token_type`, the
 * usual members one level down. So a response is read by what it contains, not by what RFC 6749 §5.1 requires of it.
 */
async function readAnswer(definition: OAuth2Definition, response: Response): Promise<TokenOutcome> {
  const read = parseJson(new Uint8Array(await response.arrayBuffer()));
  if (read.kind !== 'json') return { kind: 'failed', reason: `status ${response.status} without JSON` };
  const error = memberOf(read.value, 'error');
  if (typeof error === 'string')
    return GONE.has(error) ? { kind: 'refused', error } : { kind: 'failed', reason: error.slice(0, 100) };
  if (!response.ok) return { kind: 'failed', reason: `status ${response.status}` };
  const { token_member: place } = definition;
  const parsed = answerSchema.safeParse(place === undefined ? read.value : memberOf(read.value, place));
  if (!parsed.success) return { kind: 'failed', reason: 'not a token answer' };
  const {
    access_token: accessToken,
    refresh_token: refreshToken = null,
    expires_in: expiresIn = null,
    scope,
  } = parsed.data;
  const granted = scope === undefined ? null : scope.split(/[ ,]+/).filter((each) => each !== '');
  return { kind: 'tokens', accessToken, refreshToken, expiresIn, granted, answer: read.value };
}

function asParties({ oauth: definition, client }: OAuth2Party) {
  const as: oauth.AuthorizationServer = {
    issuer: definition.issuer ?? new URL(definition.authorization_endpoint).origin,
    authorization_endpoint: definition.authorization_endpoint,
    token_endpoint: definition.token_endpoint,
  };
  return { as, client: { client_id: client.id } satisfies oauth.Client };
}

function authenticationOf({ oauth: { client_authentication: how }, client }: OAuth2Party): oauth.ClientAuth {
  if (how === 'client_secret_post') return oauth.ClientSecretPost(client.secret);
  // not the library's function: it also encodes `-` and `.`, which is allowed, but services that do not decode them see
  // another client
  return (_as, _client, _body, headers) => {
    const credentials = `${formEncoded(client.id)}:${formEncoded(client.secret)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };
}

/** RFC 6749 §2.3.1, Appendix B. */
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

function optionsOf({ config, outbound }: OAuth2Deps) {
  return {
    // whether http is allowed is decided by the outbound client
    [oauth.allowInsecureRequests]: config.demo,
    [oauth.customFetch]: (
      url: string,
      { method, headers, body, redirect }: oauth.CustomFetchOptions<string, oauth.ProtectedResourceRequestBody>,
    ): Promise<Response> =>
      // always a form
      outbound.fetch(url, {
        method,
        headers,
        redirect,
        ...(body instanceof URLSearchParams && { body: body.toString() }),
      }),
  };
}
