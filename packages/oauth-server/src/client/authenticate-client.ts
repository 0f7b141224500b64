import { constantTimeEqual, hashToken, unverifiedIssuer } from '@chatelaine/crypto';
import {
  CLIENT_ASSERTION_TYPE,
  type FormParams,
  invalidClient,
  invalidRequest,
  JWT_TYP,
  LIFETIME,
  OAuthError,
} from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { takesPlainClients } from '../extension.ts';
import type { Guards } from '../token/guards.ts';
import type { SecretMethod } from './auth-method.ts';
import type { Client } from './client.ts';
import { type ResolvedClient, resolveClient } from './resolve-client.ts';
import { verifyByClient } from './verify-by-client.ts';

/** What an endpoint that authenticates clients passes on of a request. */
export interface ClientRequest {
  readonly params: FormParams;
  /** The Authorization header, if there is one. */
  readonly authorization: string | undefined;
}

/**
 * Authenticates the client by `private_key_jwt` (RFC 7523 §2.2) or by its secret (RFC 6749 §2.3.1), or identifies one
 * that has neither. Throws `invalid_client` with one text for every reason but what is wrong with a client's public
 * document; the reason goes to the log.
 */
export async function authenticateClient(deps: ServerDeps, request: ClientRequest, guards: Guards): Promise<Client> {
  const { params, authorization } = request;
  const assertion = params.get('client_assertion');
  const claimed = params.get('client_id');
  // RFC 6749 §2.3: one method per request
  const methods = [authorization, assertion, params.get('client_secret')].filter((method) => method !== undefined);
  if (methods.length > 1) throw invalidRequest('Use one client authentication method, not two.');
  if (authorization !== undefined) return proven(deps, byHeader(deps, { authorization, claimed }));
  const secret = params.get('client_secret');
  if (secret !== undefined)
    return proven(deps, bySecret(deps, { clientId: claimed, secret, method: 'client_secret_post' }));
  if (assertion !== undefined) return proven(deps, byAssertion(deps, { params, assertion, claimed }, guards));
  if (params.has('client_assertion_type')) throw invalidRequest('client_assertion is missing.');
  if (claimed === undefined) throw refused('no client identification');
  const found = await resolveClient(deps, claimed);
  if (found.kind === 'unknown') throw unresolved(deps, claimed, found);
  if (found.client.authMethod !== 'none') throw report(deps, claimed, 'no authentication');
  return found.client;
}

async function proven({ authenticated }: ServerDeps, authentication: Promise<Client>): Promise<Client> {
  const client = await authentication;
  authenticated?.();
  return client;
}

async function byAssertion(
  deps: ServerDeps,
  input: { params: FormParams; assertion: string; claimed: string | undefined },
  guards: Guards,
): Promise<Client> {
  const { params, assertion, claimed } = input;
  if (params.get('client_assertion_type') !== CLIENT_ASSERTION_TYPE)
    throw invalidRequest('client_assertion_type is missing or unknown.');
  const subject = unverifiedIssuer(assertion);
  if (subject === null) throw refused('assertion unreadable');
  if (claimed !== undefined && claimed !== subject) throw report(deps, claimed, 'client_id and assertion differ');
  const found = await resolveClient(deps, subject);
  if (found.kind === 'unknown') throw unresolved(deps, subject, found);
  if (found.client.authMethod !== 'private_key_jwt') throw report(deps, subject, 'client has no keys');
  const verified = await verifyByClient(deps, found.client, {
    token: assertion,
    typ: [JWT_TYP.clientAssertion, 'JWT', undefined],
    issuer: subject,
    subject, // RFC 7523 §3: iss and sub are both the client_id
    audience: deps.config.issuer,
    maxLifetimeSeconds: LIFETIME.statement,
  });
  if (verified.kind === 'invalid') throw report(deps, subject, verified.reason);
  guards.add({ kind: 'assertion', key: subject, jti: verified.claims.jti, expiresAt: verified.claims.exp + 60 });
  return found.client;
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
async function byHeader(
  deps: ServerDeps,
  { authorization, claimed }: { authorization: string; claimed: string | undefined },
): Promise<Client> {
  try {
    const credentials = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
    const [id, secret] = Buffer.from(credentials ?? '', 'base64')
      .toString('latin1')
      .split(':')
      .map(decodePart);
    if (id === undefined || secret === undefined) throw refused('Authorization header');
    if (claimed !== undefined && claimed !== id)
      throw report(deps, claimed, 'client_id and Authorization header differ');
    return await bySecret(deps, { clientId: id, secret, method: 'client_secret_basic' });
  } catch (error) {
    if (!(error instanceof OAuthError) || error.code !== 'invalid_client') throw error;
    // RFC 6749 §5.2: a client that used the header is answered with one
    throw invalidClient(error.message, { cause: error.cause, headers: { 'www-authenticate': 'Basic realm="token"' } });
  }
}

function decodePart(part: string): string | undefined {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

async function bySecret(
  deps: ServerDeps,
  { clientId, secret, method }: { clientId: string | undefined; secret: string; method: SecretMethod },
): Promise<Client> {
  if (clientId === undefined || !takesPlainClients(deps.config)) throw refused('client_secret');
  const found = await resolveClient(deps, clientId);
  const given = hashToken(secret).toString('base64url');
  const known = found.kind === 'client' ? (found.client.secretHash?.toString('base64url') ?? null) : null;
  if (found.kind === 'unknown' || known === null || !constantTimeEqual(given, known))
    throw report(deps, clientId, found.kind === 'unknown' ? found.reason : 'client_secret');
  // said only to a caller who knows the secret
  if (found.client.authMethod !== method) throw otherWay(deps, found.client);
  return found.client;
}

/** RFC 7591 §2: it registered one way of sending its secret. */
function otherWay(deps: ServerDeps, { id, authMethod }: Client): OAuthError {
  deps.emit({ event: 'client_authentication_failed', clientId: id, reason: `registered ${authMethod}` });
  const where = authMethod === 'client_secret_basic' ? 'in the Authorization header' : 'as the parameter client_secret';
  return invalidClient(`This client registered ${authMethod}: send its secret ${where}.`, {
    cause: `registered ${authMethod}`,
  });
}

function unresolved(
  deps: ServerDeps,
  clientId: string,
  { sentence, reason, isPublic }: Extract<ResolvedClient, { kind: 'unknown' }>,
): OAuthError {
  const error = report(deps, clientId, reason);
  return isPublic ? invalidClient(sentence, { cause: reason }) : error;
}

function report(deps: ServerDeps, clientId: string, reason: string): OAuthError {
  deps.emit({ event: 'client_authentication_failed', clientId: clientId.slice(0, 200), reason });
  return refused(reason);
}

function refused(cause: string): OAuthError {
  return invalidClient('Client authentication failed.', { cause });
}
