import { isChallenge } from '@chatelaine/crypto';
import {
  type ErrorCode,
  type FormParams,
  GRANT,
  parseScope,
  type ScopeSet,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import { type Client, hasSecret, isProven } from '../client/client.ts';
import type { ServerConfig, ServerDeps } from '../deps.ts';
import { readExtensions } from '../extension.ts';
import type { AuthorizationRequest } from '../storage.ts';
import { pickRedirectUri } from './redirect-uri.ts';

/** Whether the request can be answered at its redirect URI, and whether it is a valid one. */
export type CheckedRequest =
  | { readonly kind: 'valid'; readonly request: AuthorizationRequest }
  /** The browser must not be sent anywhere: the person sees a page. RFC 6749 §4.1.2.1. */
  | { readonly kind: 'page'; readonly error: ErrorCode; readonly message: string }
  | {
      readonly kind: 'redirect';
      readonly redirectUri: string;
      readonly state: string | null;
      readonly error: ErrorCode;
      readonly message: string;
    };

interface CheckInput {
  readonly way: 'pushed' | 'plain';
  readonly client: Client;
  readonly params: FormParams;
  /** A key proved by a DPoP header on the pushed request (RFC 9449 §10.1), or null. */
  readonly provenJkt: string | null;
}

/** Checks an authorization request, pushed or plain, in the order in which trust grows. OAuth 2.1 §4.1.1. */
export async function checkRequest(
  { config, fetchDocument }: Pick<ServerDeps, 'config' | 'fetchDocument'>,
  input: CheckInput,
): Promise<CheckedRequest> {
  const { client, params } = input;
  const redirectUri = pickRedirectUri(client, params.get('redirect_uri'));
  if (redirectUri === null) {
    return {
      kind: 'page',
      error: 'invalid_request',
      message: 'The redirect_uri is missing or not one that the client registered.',
    };
  }
  const state = params.get('state') ?? null;
  const redirect = (error: ErrorCode, message: string): CheckedRequest => ({
    kind: 'redirect',
    redirectUri,
    state,
    error,
    message,
  });

  if (params.has('request')) return redirect('invalid_request', 'Request objects are not supported.');
  const responseType = params.get('response_type');
  if (responseType === undefined) return redirect('invalid_request', 'response_type is missing.');
  if (responseType !== 'code') return redirect('unsupported_response_type', 'Only response_type=code is supported.');
  const responseMode = params.get('response_mode') ?? 'query';
  if (responseMode !== 'query') return redirect('invalid_request', 'Only response_mode=query is supported.');
  if (!client.grantTypes.includes(GRANT.authorizationCode)) {
    return redirect('unauthorized_client', 'This client did not register the authorization_code grant.');
  }
  // RFC 7636 §4.3; OAuth 2.1 leaves S256 only
  const codeChallenge = params.get('code_challenge') ?? '';
  if (!isChallenge(codeChallenge))
    return redirect('invalid_request', 'code_challenge is missing or not a SHA-256 in base64url.');
  if (params.get('code_challenge_method') !== 'S256')
    return redirect('invalid_request', 'code_challenge_method must be S256.');
  const key = checkKey(config, input);
  if (key.kind === 'refused') return redirect('invalid_request', key.message);
  const { jkt } = key;
  const read = await readExtensions(config, { way: input.way, client, params, codeChallenge, jkt, fetchDocument });
  if (read.kind === 'refused') return redirect(read.error, read.message);
  const { extensions } = read;
  const isAuthenticated = input.way === 'pushed' && isProven(client);
  const common = {
    redirectUri,
    state,
    codeChallenge,
    jkt,
    prompt: params.get('prompt') ?? null,
    extensions,
    isAuthenticated,
  };
  if (read.kind === 'own') {
    const { scope, answeredBy } = read;
    return { kind: 'valid', request: { ...common, scope, transferScope: null, answeredBy } };
  }
  const ordinary = checkOrdinary(config, input, jkt);
  if (ordinary.kind === 'refused') return redirect(ordinary.error, ordinary.message);
  const { scope, transferScope } = ordinary;
  return { kind: 'valid', request: { ...common, scope, transferScope, answeredBy: null } };
}

/** What a request for one of the kernel's own relationships needs besides. */
function checkOrdinary(
  config: ServerConfig,
  { client, params }: CheckInput,
  jkt: string | null,
): Exclude<CheckedScopes, { kind: 'refused' }> | { kind: 'refused'; error: ErrorCode; message: string } {
  const scopes = checkScopes(config, client, params);
  if (scopes.kind === 'refused') return { ...scopes, error: 'invalid_scope' };
  if (hasSecret(client)) {
    const message = 'A client with a secret can ask for a resource only.';
    return { kind: 'refused', error: 'unauthorized_client', message };
  }
  if (jkt === null && config.relationshipTokens === 'bound') {
    const message = 'A connection is bound to a DPoP key: send dpop_jkt.';
    return { kind: 'refused', error: 'invalid_request', message };
  }
  return scopes;
}

type CheckedScopes =
  | { readonly kind: 'scopes'; readonly scope: ScopeSet; readonly transferScope: ScopeSet | null }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Both relationships have exactly `scope=transfer`; a link adds what may be delegated as `transfer_scope`. PROTOCOL
 * §2.1, §2.2.
 */
function checkScopes(config: ServerConfig, client: Client, params: FormParams): CheckedScopes {
  const refused = (message: string): CheckedScopes => ({ kind: 'refused', message });
  const scope = parseScope(params.get('scope') ?? '');
  if (scope === null || scope.length !== 1 || scope[0] !== TRANSFER_SCOPE)
    return refused('scope must be "transfer", alone.');
  if (!client.scope.includes(TRANSFER_SCOPE)) return refused('This client did not register the scope "transfer".');
  const asked = params.get('transfer_scope');
  if (config.transferScopes === null) {
    return asked === undefined
      ? { kind: 'scopes', scope, transferScope: null }
      : refused('transfer_scope has no meaning here.');
  }
  const offered = Object.keys(config.transferScopes);
  const transferScope = asked === undefined ? offered : parseScope(asked);
  if (transferScope === null || transferScope.length === 0 || !transferScope.every((each) => offered.includes(each))) {
    return refused('transfer_scope names something that cannot be delegated here.');
  }
  return { kind: 'scopes', scope, transferScope };
}

type CheckedKey =
  | { readonly kind: 'key'; readonly jkt: string | null }
  | { readonly kind: 'refused'; readonly message: string };

/** RFC 9449 §10: the key may be named, or proved on the pushed request, or both if they agree. */
function checkKey(config: ServerConfig, { params, provenJkt }: CheckInput): CheckedKey {
  const named = params.get('dpop_jkt');
  if (config.relationshipTokens === 'keyed') return { kind: 'key', jkt: null };
  if (named !== undefined && !isChallenge(named))
    return { kind: 'refused', message: 'dpop_jkt is not a SHA-256 thumbprint in base64url.' };
  if (named !== undefined && provenJkt !== null && named !== provenJkt) {
    return { kind: 'refused', message: 'dpop_jkt and the DPoP proof name different keys.' };
  }
  return { kind: 'key', jkt: named ?? provenJkt };
}
