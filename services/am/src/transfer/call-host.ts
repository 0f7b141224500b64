import { sha256base64url, signShortJwt } from '@chatelaine/crypto';
import { type Exchanged, exchange, type Failure, linkClientId } from '@chatelaine/oauth-client';
import { deadlineIn, OutboundError } from '@chatelaine/outbound-http';
import { formatScope, JWT_TYP, LIFETIME, parseIssuer, type TransferResponse } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { type LinkToken, linkToken } from '../links/link-token.ts';
import type { Snapshot, Target } from './decide.ts';
import { type Doubt, doubting, settle } from './doubt.ts';
import type { TransferRequest } from './request.ts';
import { wasStopped } from './stopped-store.ts';

export type CallDeps = Pick<
  Deps,
  'config' | 'clock' | 'keys' | 'outbound' | 'hostGate' | 'pool' | 'prisma' | 'vault' | 'log'
>;

/** A transfer that may be made. */
export interface Hop {
  readonly request: TransferRequest;
  readonly snapshot: Snapshot;
  readonly target: Target;
}

export type HostAnswer =
  | { readonly kind: 'answer'; readonly response: TransferResponse }
  /** The Host ended the link. */
  | { readonly kind: 'broken' }
  /** The owner or the Requester ended the connection or the link, and the Host was told first. */
  | { readonly kind: 'stopped' }
  /** The Host's own policy says no. */
  | { readonly kind: 'denied'; readonly requestable: boolean }
  | { readonly kind: 'bad_scope' }
  | { readonly kind: 'bad_target' }
  | { readonly kind: 'timeout' }
  /** Whoever asked did not wait. Whatever the Host may have minted is in nobody's hands. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy'; readonly retryAfter: number }
  /** There is no connection, or it ended before there was an answer. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** What is stored of the link does not open here: a fault of ours, and it passes when it is put right. */
  | { readonly kind: 'unopened' }
  /** `minted`: the Host may have minted something that is to be revoked. */
  | { readonly kind: 'unusable'; readonly reason: string; readonly minted: boolean };

/**
 * Hop 2: asks the Host to mint. `invalid_request` renews the link's token once and tries once more with a new statement, unless the Host was told of an end first. When `gone` fires, asking
 * ends at once; a renewal does not, for others may wait for it too. What it leaves in doubt is there when it throws, too. PROTOCOL §3.3, §3.5.
 */
export async function callHost(
  deps: CallDeps,
  hop: Hop,
  { gone, doubt }: { gone: AbortSignal | undefined; doubt: Doubt },
): Promise<HostAnswer> {
  const inTime = { ...deps, outbound: endingAt(deps.outbound, deps.config.limits.hostCalls.hopSeconds) };
  try {
    const first = await askOnce(inTime, hop, { renew: 'if-needed', gone, doubt });
    if (first.kind !== 'stale') return first;
    const { snapshot, target } = hop;
    if (await wasStopped(deps.pool, { ...snapshot, linkId: target.linkId })) return { kind: 'stopped' };
    const second = await askOnce(inTime, hop, { renew: 'now', gone, doubt });
    return second.kind === 'stale' ? { kind: 'unusable', reason: 'invalid_request twice', minted: false } : second;
  } catch (error) {
    if (gone?.aborted !== true) throw error;
    return { kind: isTimeout(gone) ? 'timeout' : 'gone' };
  }
}

/** The way out, until the deadline; then every call is one that got no answer in time. */
function endingAt(outbound: Deps['outbound'], seconds: number): Deps['outbound'] {
  const deadline = deadlineIn(seconds);
  return {
    ...outbound,
    async fetch(input, init) {
      const signal = init?.signal ? AbortSignal.any([deadline, init.signal]) : deadline;
      try {
        return await outbound.fetch(input, { ...init, signal });
      } catch (error) {
        throw deadline.aborted ? new OutboundError('timeout', `No whole answer within ${seconds} s.`) : error;
      }
    },
  };
}

interface Asking {
  readonly renew: 'if-needed' | 'now';
  readonly gone: AbortSignal | undefined;
  readonly doubt: Doubt;
}

async function askOnce(
  deps: CallDeps,
  hop: Hop,
  { renew, gone, doubt }: Asking,
): Promise<HostAnswer | { kind: 'stale' }> {
  const { target, snapshot, request } = hop;
  const link = await unlessGone(gone, linkToken(deps, { linkId: target.linkId, ownerId: snapshot.ownerId, renew }));
  if (link.kind === 'unusable') return unusable('link token not renewed');
  if (link.kind !== 'token') return link;
  const caller = { path: [request.clientId, snapshot.connectionId] as const, ...(gone && { signal: gone }) };
  const outbound = doubting(gone === undefined ? deps.outbound : leavingAt(deps.outbound, gone), doubt);
  const answer = await deps.hostGate.call(target.hostIssuer, caller, async () =>
    exchange(
      { outbound, clock: deps.clock, schemes: deps.config.schemes },
      {
        server: link.metadata,
        client: {
          clientId: linkClientId(deps.config.issuer, hostIssuer(deps, target)),
          authentication: { kind: 'private_key_jwt', key: deps.keys.current },
        },
        subjectToken: link.token,
        resource: request.resource,
        scope: formatScope(request.scopes),
        actorToken: await statement(deps, hop, link),
      },
    ),
  );
  if (answer.kind === 'held') return { kind: 'busy', retryAfter: answer.retryAfter };
  settle(doubt, answer);
  // PROTOCOL §8: a Host that echoes what it was sent must not make us hand the link's secret on
  if (answer.kind === 'ok' && answer.response.access_token === link.token)
    return { kind: 'unusable', reason: "odd access_token: the link's own", minted: true };
  return read(answer);
}

/** The way out for somebody who may not wait for the answer: what is thrown then is their signal's reason, and speaks against no Host. */
function leavingAt(outbound: Deps['outbound'], signal: AbortSignal): Deps['outbound'] {
  return { ...outbound, fetch: (input, init) => outbound.fetch(input, { ...init, signal }) };
}

async function unlessGone<T>(gone: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (gone === undefined) return promise;
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(gone.reason);
  gone.addEventListener('abort', leave, { once: true });
  if (gone.aborted) leave();
  try {
    return await Promise.race([promise, left.promise]);
  } finally {
    gone.removeEventListener('abort', leave);
  }
}

/** Whether time was up, rather than somebody gone. */
const isTimeout = ({ reason }: AbortSignal): boolean => (reason as { name?: unknown } | null)?.name === 'TimeoutError';

/** The AM's statement: which Requester, which key, which link, which request. PROTOCOL §3.3. */
function statement(
  deps: CallDeps,
  { request, snapshot, target }: Hop,
  link: Extract<LinkToken, { kind: 'token' }>,
): Promise<string> {
  return signShortJwt({
    typ: JWT_TYP.transferStatement,
    key: deps.keys.current,
    clock: deps.clock,
    lifetimeSeconds: LIFETIME.statement,
    claims: {
      iss: deps.config.issuer,
      sub: request.clientId,
      aud: target.hostIssuer,
      ath: sha256base64url(link.token),
      resource: request.resource,
      scope: formatScope(request.scopes),
      ...(request.binding.kind === 'key' ? { cnf: { jkt: request.binding.jkt } } : { bearer: true }),
      grant_id: target.grantId,
      client_name: snapshot.clientName,
      ...(snapshot.clientUri === null ? {} : { client_uri: snapshot.clientUri }),
      // the same one each time: a Host spends it only on a request whose link token was good (PROTOCOL §3.6)
      ...(request.requesterStatement === null ? {} : { requester_statement: request.requesterStatement }),
    },
  });
}

function read(answer: Exchanged | Failure): HostAnswer | { kind: 'stale' } {
  switch (answer.kind) {
    case 'ok':
      return { kind: 'answer', response: answer.response };
    case 'timeout':
      return { kind: 'timeout' };
    case 'unreachable':
      return { kind: 'unreachable', reason: answer.reason };
    case 'unusable':
      return { kind: 'unusable', reason: answer.reason, minted: answer.accessToken !== undefined };
    case 'oauth_error':
      return readError(answer);
  }
}

function readError({
  status,
  error,
  retryAfter,
}: Extract<Failure, { kind: 'oauth_error' }>): HostAnswer | { kind: 'stale' } {
  if (status === 429 || status === 503) return { kind: 'busy', retryAfter: Math.min(retryAfter ?? 5, 3600) };
  switch (error.error) {
    case 'invalid_request':
      return { kind: 'stale' };
    case 'invalid_scope':
      return { kind: 'bad_scope' };
    case 'invalid_target':
      return { kind: 'bad_target' };
    case 'access_denied':
      return { kind: 'denied', requestable: error.requestable ?? false };
    default:
      return unusable(`host answered ${status} ${error.error.slice(0, 60)}`);
  }
}

function hostIssuer(deps: CallDeps, target: Target) {
  const issuer = parseIssuer(target.hostIssuer, deps.config.schemes);
  if (issuer === null) throw new Error(`stored host issuer is not one: ${target.hostId}`);
  return issuer;
}

const unusable = (reason: string): HostAnswer => ({ kind: 'unusable', reason, minted: false });
