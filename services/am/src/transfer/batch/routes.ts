import { randomId } from '@chatelaine/crypto';
import {
  abortSignal,
  acceptJson,
  limitRefusals,
  oauthScope,
  refuseOtherMethods,
  requestDeps,
} from '@chatelaine/oauth-server-fastify';
import { deadlineIn } from '@chatelaine/outbound-http';
import { BATCH, NDJSON, type TransferAnswer } from '@chatelaine/protocol';
import { releaseSlot } from '@chatelaine/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import { createConcurrencyLimit } from '../../links/concurrency-limit.ts';
import { TRANSFERS_PATH } from '../../connections/operations.ts';
import { prefersLines } from './accept.ts';
import { admit, type AdmitDeps, authenticate, type Caller } from './admit.ts';
import type { BatchCall, BatchDeps } from './call.ts';
import { asDocument, asLines, type Delivery, type Sink } from './deliver.ts';
import { readBatchRequest } from './request.ts';

type FeatureDeps = Omit<BatchDeps, 'transfers' | 'announceRevocations'> & Omit<AdmitDeps, 'calls'> & Pick<Deps, 'jobs'>;
type RouteDeps = BatchDeps &
  AdmitDeps & {
    /** Fires when this process is about to end. */
    readonly ending: AbortSignal;
  };

/**
 * Seconds left to calls in progress when the process is told to end: by then every Host has answered or is too slow.
 */
const ENDING_SECONDS = 6;

/** Many transfers in one call. PROTOCOL §5. */
export async function batchFeature(app: FastifyInstance, given: FeatureDeps): Promise<void> {
  const { batch, oauth } = given.config.limits;
  const ending = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const deps: RouteDeps = {
    ...given,
    announceRevocations: given.jobs.announceRevocations,
    calls: createConcurrencyLimit({ atOnce: batch.calls.all, waiting: 0 }),
    transfers: createConcurrencyLimit({ atOnce: batch.transfers.all, waiting: Infinity }),
    ending: ending.signal,
  };
  await app.register(async (scope) => {
    await oauthScope(scope);
    acceptJson(scope, { bodyLimit: BATCH.requestBytes });
    limitRefusals(scope, { rateLimits: deps.rateLimits, limits: oauth, issuer: deps.config.issuer });
    scope.post(TRANSFERS_PATH, async (request, reply) => {
      const served = serve(deps, request, reply);
      underWay.add(served);
      return served.finally(() => underWay.delete(served));
    });
    refuseOtherMethods(scope, TRANSFERS_PATH, ['POST']);
    scope.addHook('preClose', async () => {
      const reason = new DOMException('The server is about to end.', 'TimeoutError');
      setTimeout(() => ending.abort(reason), ENDING_SECONDS * 1000).unref();
    });
    // calls that were cut off still close their intents: the database is closed last
    scope.addHook('onClose', async () => void (await Promise.allSettled(underWay)));
  });
}

async function serve(deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const gone = abortSignal(reply);
  const { rateLimits, config } = deps;
  const body = readBatchRequest(request.body);
  const server = requestDeps({ deps: deps.server, rateLimits, limits: config.limits.oauth }, request);
  const caller = await authenticate(deps, { body, request, server });
  const callId = randomId();
  const leave = await admit(deps, { caller, callId, items: body.transfers.length });
  // from here on it has a slot among batch calls
  releaseSlot(request);
  try {
    const late = deadlineIn(config.limits.batch.secondsPerCall);
    const signal = AbortSignal.any([gone, late, deps.ending]);
    const call = { id: callId, caller, body, signal };
    return await deliver(deps, { call, gone }, { request, reply });
  } finally {
    leave();
  }
}

async function deliver(
  deps: RouteDeps,
  { call, gone }: { call: BatchCall; gone: AbortSignal },
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<unknown> {
  const log = startLog(deps, call);
  const delivery: Delivery = { call, gone, delivered: log.count };
  const lines = prefersLines(request.headers.accept);
  try {
    if (!lines) return (await asDocument(deps, delivery)) ?? reply.hijack();
    reply.hijack();
    await stream(deps, delivery, reply);
    return reply;
  } finally {
    log.write({ lines, gone: gone.aborted });
  }
}

/** Seconds beyond the call's own, for writing the last lines. */
const LAST_LINES_SECONDS = 2;

async function stream(deps: RouteDeps, delivery: Delivery, reply: FastifyReply): Promise<void> {
  const { raw } = reply;
  // the headers that hooks have set: Fastify does not write them to an answer that we take over
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store' });
  raw.flushHeaders();
  // an error of the connection is reported to each write
  raw.on('error', () => {});
  // a caller that does not read does not hold up the process
  const seconds = deps.config.limits.batch.secondsPerCall + LAST_LINES_SECONDS;
  const end = setTimeout(() => raw.destroy(), seconds * 1000);
  try {
    await asLines(deps, delivery, sinkOf(raw, delivery.gone));
    raw.end();
  } catch (error) {
    if (!delivery.gone.aborted) deps.log.error({ err: error }, 'a stream of answers broke');
    raw.destroy();
  } finally {
    clearTimeout(end);
  }
}

function sinkOf(raw: FastifyReply['raw'], gone: AbortSignal): Sink {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        const lost = (): void => reject(gone.reason);
        if (gone.aborted) return lost();
        gone.addEventListener('abort', lost, { once: true });
        raw.write(text, (error) => {
          gone.removeEventListener('abort', lost);
          if (error) reject(error);
          else resolve();
        });
      }),
  };
}

/** One log line for each call: who called, how many items, and their outcomes. */
function startLog({ log }: Pick<Deps, 'log'>, { caller, body }: { caller: Caller; body: BatchCall['body'] }) {
  const started = performance.now();
  const counts = { minted: 0, refused: 0, failed: 0 };
  return {
    count(answers: readonly TransferAnswer[]) {
      for (const { status } of answers) counts[status === 200 ? 'minted' : status < 500 ? 'refused' : 'failed'] += 1;
    },
    write(how: { lines: boolean; gone: boolean }) {
      const { client, connectionId } = caller;
      const ms = Math.round(performance.now() - started);
      const fields = {
        event: 'batch_transfer',
        clientId: client.id,
        connectionId,
        items: body.transfers.length,
        ...counts,
      };
      log.info({ ...fields, ...how, ms }, 'many transfers in one call');
    },
  };
}
