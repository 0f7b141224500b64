import {
  authenticateClient,
  type Client,
  type Guards,
  refuseReplay,
  type ServerDeps,
  withGuards,
} from '@chatelaine/oauth-server';
import {
  GRANT,
  tooManyRequests,
  temporarilyUnavailable,
  type TransfersRequest,
  unauthorizedClient,
} from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Crowded, type ConcurrencyLimit } from '../../links/concurrency-limit.ts';
import { badConnectionToken, badProof, provenToken } from '../../connections/connection-token.ts';
import { TRANSFERS_PATH } from '../../connections/operations.ts';
import { giveBackCallSlot, takeCallSlot } from './call-slot-store.ts';
import { clientParams } from './request.ts';
import { takeQuota } from '../transfer.ts';

export type AdmitDeps = Pick<Deps, 'config' | 'clock' | 'log' | 'pool' | 'rateLimits' | 'allowances' | 'server'> & {
  /** The calls of this process; no call waits for a slot. */
  readonly calls: ConcurrencyLimit;
};

/** The caller: client, connection and key. */
export interface Caller {
  readonly client: Client;
  readonly connectionId: string;
  readonly accessToken: string;
  readonly jkt: string;
}

/** Checks the caller once for the whole call, as hop 1 does; every proof is spent then. PROTOCOL §3.1, §5. */
export async function authenticate(
  deps: AdmitDeps,
  input: { body: TransfersRequest; request: FastifyRequest; server: ServerDeps },
): Promise<Caller> {
  return withGuards(deps.server, async (guards) => {
    const { body, request, server } = input;
    const params = clientParams(body);
    // the Authorization header holds the connection's token, so no client authenticates with it
    const client = await authenticateClient(server, { params, authorization: undefined }, guards);
    const { stored, accessToken, jkt, guard } = await provenToken(deps, { request, path: TRANSFERS_PATH });
    if (stored.grant.clientId !== client.id) throw foreign(deps, { client, connectionId: stored.grant.id });
    guards.add(guard);
    if (!client.grantTypes.includes(GRANT.tokenExchange))
      throw unauthorizedClient('This client did not register that grant type.');
    await burn(deps, guards);
    return { client, connectionId: stored.grant.id, accessToken, jkt };
  });
}

/** Runs before anything is counted: somebody who replays an intercepted call must not use up the Requester's limits. */
async function burn({ server }: AdmitDeps, guards: Guards): Promise<void> {
  const burned = await server.storage.burn(guards.take());
  if (burned.kind === 'burned') return;
  if (burned.guard === 'dpop') throw badProof('The DPoP proof was used before.', 'replayed');
  refuseReplay(burned);
}

function foreign({ log }: AdmitDeps, { client, connectionId }: { client: Client; connectionId: string }): Error {
  const fields = { event: 'foreign_token', reason: 'foreign', clientId: client.id, connectionId };
  log.warn(fields, 'connection token refused');
  return badConnectionToken('foreign');
}

/** Longer than a call takes: whoever holds a slot for longer has died. */
const SPARE_SECONDS = 10;

/**
 * Counts the call's transfers, and gives it a slot: in this process, and among the calls of its connection over all
 * processes. The returned function gives both back. Throws 429 and 503 with `Retry-After`.
 */
export async function admit(
  deps: AdmitDeps,
  { caller, callId, items }: { caller: Caller; callId: string; items: number },
): Promise<() => void> {
  const { batch } = deps.config.limits;
  const { client, connectionId } = caller;
  await takeQuota(deps, { connectionId, clientId: client.id, items });
  const leave = await enter(deps, caller);
  const seconds = batch.secondsPerCall + SPARE_SECONDS;
  const asked = { connectionId, callId, atOnce: batch.calls.ofConnection, seconds };
  try {
    const slot = await takeCallSlot(deps.pool, asked);
    if (slot === null) throw tooManyRequests(1);
    return () => {
      leave();
      // otherwise it expires
      giveBackCallSlot(deps.pool, slot).catch((err: unknown) =>
        deps.log.warn({ err }, 'the slot of a batch call was not released'),
      );
    };
  } catch (error) {
    leave();
    throw error;
  }
}

async function enter({ calls, config }: AdmitDeps, { client, connectionId }: Caller): Promise<() => void> {
  const { ofRequester, ofConnection } = config.limits.batch.calls;
  const share = (name: string, atOnce: number) => ({ name, atOnce, waiting: 0 });
  try {
    return await calls.enter({
      path: [client.id, connectionId],
      shares: [share(client.id, ofRequester), share(connectionId, ofConnection)],
      signal: new AbortController().signal,
    });
  } catch (error) {
    if (!(error instanceof Crowded)) throw error;
    throw error.share === ''
      ? temporarilyUnavailable('Too many calls are under way; try again later.', { retryAfter: 1 })
      : tooManyRequests(1);
  }
}
