import { sha256base64url, signShortJwt } from '@chatelaine/crypto';
import { type Exchanged, type Failure, type HopContext, linkClientId, requestTransfer } from '@chatelaine/oauth-client';
import { formatScope, JWT_TYP, LIFETIME, type TransferResponse } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { type LinkToken, linkToken } from '../links/link-token.ts';
import { decryptLinkSecret, SPARE_SECONDS } from '../links/link-secrets.ts';
import type { Begun } from './begin-store.ts';
import type { Unanswered } from './outcome.ts';
import { wasInterrupted } from './interrupted-store.ts';

export type AskHostDeps = Pick<
  Deps,
  'config' | 'clock' | 'keys' | 'outbound' | 'hostGate' | 'linksSeen' | 'pool' | 'prisma' | 'vault' | 'log'
>;

export type HostAnswer = { readonly kind: 'answer'; readonly response: TransferResponse } | Unanswered;

/** The Host does not accept what it was sent; PROTOCOL §3.5. */
interface Stale {
  readonly kind: 'stale';
}

/**
 * Hop 2: asks the Host to mint. After `invalid_request` it refreshes the link's token once and tries once more with a
 * new statement, unless the Host was told of an end first. When the hop's signal fires or its time is up, the call ends
 * at once; a refresh does not, because others may be waiting for it. PROTOCOL §3.3, §3.5.
 */
export async function askHost(deps: AskHostDeps, begun: Begun, hop: HopContext): Promise<HostAnswer> {
  try {
    const first = await askWith(deps, begun, hop, await tokenOf(deps, begun, hop));
    if (first.kind === 'bad_scope') await learnCeiling(deps, begun, hop);
    if (first.kind !== 'stale') return first;
    const interrupted = await wasInterrupted(deps.pool, begun.intent);
    if (interrupted !== null) return interrupted;
    const second = await askWith(deps, begun, hop, await refreshed(deps, begun, hop, 'now'));
    return second.kind === 'stale' ? unusable('invalid_request twice') : second;
  } catch (error) {
    if (error === LATE) return { kind: 'timeout' };
    if (hop.signal?.aborted !== true) throw error;
    return { kind: isTimeout(hop.signal) ? 'timeout' : 'gone' };
  }
}

type Unusable = Exclude<LinkToken, { kind: 'token' }>;
interface Usable {
  readonly kind: 'token';
  readonly token: string;
  readonly tokenEndpoint: string;
}

/** The link's token, as it was when the transfer began or refreshed since. In clear for one call, stored nowhere. */
async function tokenOf(deps: AskHostDeps, begun: Begun, hop: HopContext): Promise<Usable | Unusable> {
  const { accessToken: encrypted, secondsLeft, tokenEndpoint } = begun.link;
  if (encrypted === null || secondsLeft < SPARE_SECONDS) return refreshed(deps, begun, hop, 'if-needed');
  const token = decryptLinkSecret(deps, begun.intent, { encrypted, column: 'access_token' });
  return token === null ? { kind: 'unopened' } : { kind: 'token', token, tokenEndpoint };
}

async function refreshed(
  deps: AskHostDeps,
  { intent }: Begun,
  hop: HopContext,
  refresh: 'if-needed' | 'now',
): Promise<Usable | Unusable> {
  const link = await within(hop, linkToken(deps, { linkId: intent.linkId, ownerId: intent.ownerId, refresh: refresh }));
  return link.kind === 'token' ? { ...link, tokenEndpoint: link.metadata.token_endpoint } : link;
}

/**
 * The owner shares less there now: a refresh brings the current ceiling, so that the next request is refused here.
 * PROTOCOL §2.2.
 */
async function learnCeiling(deps: AskHostDeps, begun: Begun, hop: HopContext): Promise<void> {
  try {
    await refreshed(deps, begun, hop, 'now');
  } catch (err) {
    // the Host's answer stands, whatever the outcome of the refresh
    deps.log.info({ err, linkId: begun.intent.linkId }, 'the ceiling of a link was not read again');
  }
}

async function askWith(
  deps: AskHostDeps,
  begun: Begun,
  hop: HopContext,
  link: Usable | Unusable,
): Promise<HostAnswer | Stale> {
  if (link.kind === 'unusable') return unusable('link token not refreshed');
  if (link.kind !== 'token') return link;
  const { request, target, intent } = begun;
  const caller = { path: [intent.clientId, intent.connectionId] as const, signal: hop.signal };
  const answer = await deps.hostGate.call(target.hostIssuer, caller, async () =>
    requestTransfer(
      deps,
      {
        server: { issuer: target.hostIssuer, token_endpoint: link.tokenEndpoint },
        client: {
          clientId: linkClientId(deps.config.issuer, target.hostIssuer),
          authentication: { kind: 'private_key_jwt', key: deps.keys.current },
        },
        subjectToken: link.token,
        resource: request.resource,
        scope: formatScope(request.scopes),
        actorToken: await statement(deps, begun, link),
      },
      hop,
    ),
  );
  if (answer.kind === 'held') return { kind: 'busy', retryAfter: answer.retryAfter };
  deps.linksSeen.note(intent.linkId, answer.kind);
  // PROTOCOL §8: a Host that echoes what it was sent must not make us pass on the link's secret
  if (answer.kind === 'ok' && answer.response.access_token === link.token)
    return unusable("odd access_token: the link's own", 'minted');
  return read(answer);
}

/** The AM's statement: which Requester, which key, which link, which request. PROTOCOL §3.3. */
function statement(deps: AskHostDeps, { request, snapshot, target }: Begun, link: Usable): Promise<string> {
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
      // the same one each time: a Host spends it only on a request whose link token was valid (PROTOCOL §3.6)
      ...(request.requesterStatement === null ? {} : { requester_statement: request.requesterStatement }),
    },
  });
}

function read(answer: Exchanged | Failure): HostAnswer | Stale {
  switch (answer.kind) {
    case 'ok':
      return { kind: 'answer', response: answer.response };
    case 'timeout':
      return { kind: 'timeout' };
    case 'unreachable':
      return { kind: 'unreachable', reason: answer.reason };
    case 'unusable':
      return unusable(answer.reason, answer.accessToken === undefined ? 'nothing' : 'minted');
    case 'oauth_error':
      return readError(answer);
  }
}

function readError({ status, error, retryAfter }: Extract<Failure, { kind: 'oauth_error' }>): HostAnswer | Stale {
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

const LATE = Symbol('late');

/** Waits no longer than the hop. Rejects with its signal's reason, or with {@link LATE}. */
async function within<T>({ deadline, signal }: HopContext, promise: Promise<T>): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const timer = setTimeout(() => ended.reject(LATE), Math.max(0, deadline - performance.now()));
  const leave = (): void => ended.reject(signal?.reason);
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted === true) leave();
  try {
    return await Promise.race([promise, ended.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
  }
}

/** Whether the time was up, rather than the caller gone. */
const isTimeout = ({ reason }: AbortSignal): boolean => (reason as { name?: unknown } | null)?.name === 'TimeoutError';

const unusable = (reason: string, what: 'nothing' | 'minted' = 'nothing'): Unanswered => ({
  kind: 'unusable',
  reason,
  minted: what === 'minted',
});
