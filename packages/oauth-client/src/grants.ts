import type { SigningKey } from '@chatelaine/crypto';
import {
  GRANT,
  type ServerMetadata,
  TOKEN_TYPE,
  type TransferResponse,
  transferResponseSchema,
} from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import { clientAuth } from './authenticate.ts';
import type { ClientDeps, ClientIdentity } from './deps.ts';
import { type Failure, unusable } from './outcome.ts';
import { asClient, asServer } from './parties.ts';
import { judge, send } from './send.ts';
import { accessTokenIn, type Obtained, readTokens, type Relationship } from './tokens.ts';

export interface RefreshInput {
  readonly server: ServerMetadata;
  readonly client: ClientIdentity;
  readonly relationship: Relationship;
  readonly refreshToken: string;
  readonly dpopKey?: SigningKey;
}

/**
 * Gets a fresh access token. The refresh tokens of clients with keys are not rotated: keep the old one unless the
 * response holds a new one. PROTOCOL §1.
 */
export async function refresh(deps: ClientDeps, input: RefreshInput): Promise<Obtained | Failure> {
  const { server, client, relationship, refreshToken, dpopKey } = input;
  const [as, who] = [asServer(server), asClient(deps.clock, client.clientId)];
  const auth = clientAuth(deps.clock, client);
  const answer = await send(deps, {
    server,
    dpopKey,
    request: (options) => oauth.refreshTokenGrantRequest(as, who, auth, refreshToken, options),
  });
  if (answer.kind !== 'answer') return answer;
  const bound = dpopKey === undefined ? 'bearer' : 'dpop';
  return readTokens(answer, { server, clientId: client.clientId, relationship, bound });
}

export interface ExchangeInput {
  readonly server: ServerMetadata;
  readonly client: ClientIdentity;
  readonly subjectToken: string;
  readonly resource: string;
  /** Values separated by spaces. */
  readonly scope: string;
  /** A JWT: on hop 2 the AM's statement, on hop 1 the Requester's own. PROTOCOL §3.3, §3.6. */
  readonly actorToken?: string;
  /** On hop 1 the connection's key. Hop 2 sends no DPoP header. PROTOCOL §3.3. */
  readonly dpopKey?: SigningKey;
  /** Further parameters (`completion_mode`, `purpose`). */
  readonly params?: Readonly<Record<string, string>>;
}

export interface Exchanged {
  readonly kind: 'ok';
  /** Has the right shape. The caller checks that it is what was asked for (`scope`, `resource`, `cnf`, `iss`). */
  readonly response: TransferResponse;
}

/** RFC 8693 token exchange for one transfer, on either hop. PROTOCOL §3.1, §3.3. */
export async function exchange(deps: ClientDeps, input: ExchangeInput): Promise<Exchanged | Failure> {
  const { server, client, dpopKey } = input;
  const [as, who] = [asServer(server), asClient(deps.clock, client.clientId)];
  const auth = clientAuth(deps.clock, client);
  const answer = await send(deps, {
    server,
    dpopKey,
    request: (options) =>
      oauth.genericTokenEndpointRequest(as, who, auth, GRANT.tokenExchange, exchangeParams(input), options),
  });
  return readExchanged(answer, { as, who });
}

export interface PollInput extends Pick<ExchangeInput, 'server' | 'client' | 'actorToken' | 'dpopKey'> {
  readonly deferralCode: string;
}

/** Polls for the outcome of an exchange that the AM has deferred. PROTOCOL §3.7. */
export async function pollDeferred(deps: ClientDeps, input: PollInput): Promise<Exchanged | Failure> {
  const { server, client, dpopKey, deferralCode } = input;
  const [as, who] = [asServer(server), asClient(deps.clock, client.clientId)];
  const auth = clientAuth(deps.clock, client);
  const params = { deferral_code: deferralCode, ...actorParams(input) };
  const answer = await send(deps, {
    server,
    dpopKey,
    request: (options) => oauth.genericTokenEndpointRequest(as, who, auth, GRANT.deferred, params, options),
  });
  return readExchanged(answer, { as, who });
}

async function readExchanged(
  answer: Awaited<ReturnType<typeof send>>,
  { as, who }: { as: oauth.AuthorizationServer; who: oauth.Client },
): Promise<Exchanged | Failure> {
  if (answer.kind !== 'answer') return answer;
  const accessToken = accessTokenIn(answer.json);
  const judged = await judge(() => oauth.processGenericTokenEndpointResponse(as, who, answer.response), accessToken);
  if (judged.kind !== 'ok') return judged;
  const parsed = transferResponseSchema.safeParse(answer.json);
  return parsed.success ? { kind: 'ok', response: parsed.data } : unusable('not a transfer response', accessToken);
}

/** The parameters of a token exchange, without those that authenticate the client. RFC 8693 §2.1. */
export function exchangeParams(input: Omit<ExchangeInput, 'server' | 'client'>): Record<string, string> {
  const { params, subjectToken, resource, scope } = input;
  return {
    ...params,
    subject_token: subjectToken,
    subject_token_type: TOKEN_TYPE.accessToken,
    requested_token_type: TOKEN_TYPE.accessToken,
    resource,
    scope,
    ...actorParams(input),
  };
}

function actorParams({ actorToken }: Pick<ExchangeInput, 'actorToken'>): Record<string, string> {
  return actorToken === undefined ? {} : { actor_token: actorToken, actor_token_type: TOKEN_TYPE.jwt };
}

export interface RevokeInput {
  readonly server: ServerMetadata;
  readonly client: ClientIdentity;
  readonly token: string;
  /** `access_token`, `refresh_token`, or `transfer_grant` if `token` is a grant id. PROTOCOL §7. */
  readonly hint: string;
}

/**
 * Revokes a token or a transfer grant. `ok` means that nothing issued under it is valid any more; it may be repeated.
 * RFC 7009 §2.
 */
export async function revoke(
  deps: ClientDeps,
  { server, client, token, hint }: RevokeInput,
): Promise<{ kind: 'ok' } | Failure> {
  const [as, who] = [asServer(server), asClient(deps.clock, client.clientId)];
  const auth = clientAuth(deps.clock, client);
  const answer = await send(deps, {
    server,
    request: (options) =>
      oauth.revocationRequest(as, who, auth, token, { ...options, additionalParameters: { token_type_hint: hint } }),
  });
  if (answer.kind !== 'answer') return answer;
  const judged = await judge(() => oauth.processRevocationResponse(answer.response));
  return judged.kind === 'ok' ? { kind: 'ok' } : judged;
}
