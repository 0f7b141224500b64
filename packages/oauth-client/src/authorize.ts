import { challengeOf, createVerifier, type SigningKey, thumbprint } from '@chatelaine/crypto';
import { parseForm, type ServerMetadata, TRANSFER_SCOPE } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import { clientAuth } from './authenticate.ts';
import type { ClientDeps, ClientIdentity } from './deps.ts';
import { type Failure, unusable } from './outcome.ts';
import { asClient, asServer } from './parties.ts';
import { judge, send } from './send.ts';
import { type Obtained, readTokens, type Relationship } from './tokens.ts';

export interface StartAuthorizationInput {
  readonly server: ServerMetadata;
  readonly client: ClientIdentity;
  readonly redirectUri: string;
  /**
   * The key to which the connection's tokens are bound for as long as it lasts: sent as `dpop_jkt` and proved. Links
   * have none. RFC 9449 §10.
   */
  readonly dpopKey?: SigningKey;
  /** Further parameters, such as a link's `transfer_scope`, or `prompt`. */
  readonly params?: Readonly<Record<string, string>>;
  /**
   * The PKCE verifier, if something has already been issued for its challenge (PROTOCOL §2.3); by default a fresh one.
   */
  readonly verifier?: string;
}

export interface AuthorizationStarted {
  readonly kind: 'ok';
  /** Where the owner's browser goes. */
  readonly authorizationUrl: string;
  /**
   * Keep `state` and `verifier` for {@link finishAuthorization}, for 10 minutes, bound to the browser session that
   * started the authorization. PROTOCOL §1.
   */
  readonly state: string;
  readonly verifier: string;
  readonly requestUri: string;
  /** Seconds within which the browser must open the `request_uri`. */
  readonly expiresIn: number;
}

/** Pushes an authorization request for `scope=transfer` with PKCE. RFC 9126 §2.1, PROTOCOL §2.1, §2.2. */
export async function startAuthorization(
  deps: ClientDeps,
  { server, client, redirectUri, dpopKey, params = {}, verifier = createVerifier() }: StartAuthorizationInput,
): Promise<AuthorizationStarted | Failure> {
  const state = createVerifier();
  const pushed = {
    ...params,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: TRANSFER_SCOPE,
    state,
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...(dpopKey === undefined ? {} : { dpop_jkt: thumbprint(dpopKey.publicJwk) }),
  };
  const [as, who] = [asServer(server), asClient(deps.clock, client.clientId)];
  const auth = clientAuth(deps.clock, client);
  const answer = await send(deps, {
    server,
    dpopKey,
    request: (options) => oauth.pushedAuthorizationRequest(as, who, auth, pushed, options),
  });
  if (answer.kind !== 'answer') return answer;
  const judged = await judge(() => oauth.processPushedAuthorizationResponse(as, who, answer.response));
  if (judged.kind !== 'ok') return judged;
  const { request_uri: requestUri, expires_in: expiresIn } = judged.value;
  if (requestUri.length > 2000) return unusable('request_uri too long');
  const url = new URL(server.authorization_endpoint);
  url.searchParams.set('client_id', client.clientId);
  url.searchParams.set('request_uri', requestUri);
  return { kind: 'ok', authorizationUrl: url.href, state, verifier, requestUri, expiresIn };
}

export interface FinishAuthorizationInput {
  readonly server: ServerMetadata;
  readonly client: ClientIdentity;
  readonly redirectUri: string;
  readonly relationship: Relationship;
  /** The query string of the callback as it was received, without `?`. */
  readonly query: string;
  /**
   * As {@link startAuthorization} returned them. The caller removes them from the session that started, so they are
   * used once.
   */
  readonly state: string;
  readonly verifier: string;
  readonly dpopKey?: SigningKey;
}

/** The callback does not answer the authorization that was started; nothing was sent to the server. RFC 9207 §2.4. */
export interface BadCallback {
  readonly kind: 'bad_callback';
  readonly reason: string;
}

/**
 * The owner or the server refused, and the browser came back with an error. `error` and `description` are the server's
 * text: escape them before showing them. RFC 6749 §4.1.2.1.
 */
export interface Denied {
  readonly kind: 'denied';
  readonly error: string;
  readonly description?: string;
}

/**
 * Validates the callback (`state` as sent, `iss` present and identical to the issuer, no parameter twice) and redeems
 * the code. PROTOCOL §2.1, §2.2.
 */
export async function finishAuthorization(
  deps: ClientDeps,
  input: FinishAuthorizationInput,
): Promise<Obtained | Denied | BadCallback | Failure> {
  const { server, client, redirectUri, verifier, dpopKey, relationship } = input;
  const callback = readCallback(deps, input);
  if (callback.kind !== 'ok') return callback;
  const [as, who] = [asServer(server), asClient(deps.clock, client.clientId)];
  const auth = clientAuth(deps.clock, client);
  const answer = await send(deps, {
    server,
    dpopKey,
    request: (options) =>
      oauth.authorizationCodeGrantRequest(as, who, auth, callback.params, redirectUri, verifier, options),
  });
  if (answer.kind !== 'answer') return answer;
  const bound = dpopKey === undefined ? 'bearer' : 'dpop';
  return readTokens(answer, { server, clientId: client.clientId, relationship, bound });
}

type Callback = { readonly kind: 'ok'; readonly params: URLSearchParams } | Denied | BadCallback;

function readCallback({ clock }: Pick<ClientDeps, 'clock'>, input: FinishAuthorizationInput): Callback {
  const form = parseForm(input.query);
  if (form.kind === 'malformed') return { kind: 'bad_callback', reason: form.reason };
  try {
    const params = oauth.validateAuthResponse(
      asServer(input.server),
      asClient(clock, input.client.clientId),
      new URLSearchParams([...form.params]),
      input.state,
    );
    if ((params.get('code') ?? '') === '') return { kind: 'bad_callback', reason: 'no code' };
    return { kind: 'ok', params };
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return denied(error);
    if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
      return { kind: 'bad_callback', reason: error.message };
    }
    throw error;
  }
}

function denied({ error, error_description: description }: oauth.AuthorizationResponseError): Denied {
  return {
    kind: 'denied',
    error: error.slice(0, 100),
    ...(description === undefined ? {} : { description: description.slice(0, 300) }),
  };
}

/**
 * The `state` of a callback, by which its caller finds what was started; null if the query has none or is malformed.
 */
export function stateOfCallback(query: string): string | null {
  const form = parseForm(query);
  return form.kind === 'form' ? (form.params.get('state') ?? null) : null;
}
