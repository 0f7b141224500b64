import { OutboundError } from '@chatelaine/outbound-http';
import { parseJson } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { memberOf, neededScopes, type OAuth2Definition, type Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';

/** A service that speaks OAuth 2.0, and who we are there. */
export interface OAuth2Party {
  readonly service: Service;
  readonly oauth: OAuth2Definition;
  readonly client: { readonly id: string; readonly secret: string };
}

export interface Tokens {
  readonly kind: 'tokens';
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Seconds; null where the service does not say. */
  readonly expiresIn: number | null;
  /** What was granted; null where the service does not say, which means what was asked for (RFC 6749 §5.1). */
  readonly granted: readonly string[] | null;
  /** The whole answer: some say in it whose account it is. */
  readonly answer: unknown;
}

export type TokenOutcome =
  | Tokens
  /** The code or the refresh token is no good, and will not be. */
  | { readonly kind: 'refused'; readonly error: string }
  /** Anything else: it may be good another time. */
  | { readonly kind: 'failed'; readonly reason: string };

/** What services call a refresh token that they take no more: RFC 6749 §5.2, and two names of their own. */
const GONE = new Set(['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token']);

type OAuth2Deps = Pick<Deps, 'config' | 'outbound'>;

/** Where the browser goes. RFC 6749 §4.1.1, RFC 7636 §4.3. */
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
 * Redeems what came back in the browser: `state`, and `iss` where the service sends one (RFC 9207), are those of this
 * attempt.
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

/** RFC 6749 §6. A refresh token that does not come anew stays as it is. */
export async function refresh(deps: OAuth2Deps, party: OAuth2Party, refreshToken: string): Promise<TokenOutcome> {
  const { as, client } = asParties(party);
  const outcome = await ask(deps, party, (options) =>
    oauth.refreshTokenGrantRequest(as, client, authenticationOf(party), refreshToken, options),
  );
  return outcome.kind === 'tokens' ? { ...outcome, refreshToken: outcome.refreshToken ?? refreshToken } : outcome;
}

/** RFC 7009. True when the service says that the token is no more. */
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
 * Why what came back is none of what a service may send; in words of the library, which hold nothing of it.
 *
 * @throws whatever else it is
 */
function unusable(error: unknown): string {
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
    return error.message;
  throw error;
}

const answerSchema = z.object({
  access_token: z.string().min(1).max(8192),
  refresh_token: z.string().min(1).max(8192).optional(),
  // some write it as a text
  expires_in: z.coerce.number().int().positive().max(1e9).optional().catch(undefined),
  scope: z.string().optional(),
});

/**
 * Services say the same things in their own ways: an error with status 200, no `expires_in`, no `token_type`, the
 * usual members one level down. So an answer is read by what it has, not by what RFC 6749 §5.1 demands of it.
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
  // not the library's: it encodes `-` and `.` as well, which is allowed, and which services that do not decode take
  // for another client
  return (_as, _client, _body, headers) => {
    const credentials = `${formEncoded(client.id)}:${formEncoded(client.secret)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };
}

/** RFC 6749 §2.3.1, Appendix B. */
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

function optionsOf({ config, outbound }: OAuth2Deps) {
  return {
    // whether http is a way at all is for the guard of the outbound client
    [oauth.allowInsecureRequests]: config.demo,
    [oauth.customFetch]: (
      url: string,
      { method, headers, body, redirect }: oauth.CustomFetchOptions<string, oauth.ProtectedResourceRequestBody>,
    ): Promise<Response> =>
      // a form each time
      outbound.fetch(url, {
        method,
        headers,
        redirect,
        ...(body instanceof URLSearchParams && { body: body.toString() }),
      }),
  };
}
