import { Readable } from 'node:stream';
import { OutboundError } from '@chatelaine/outbound-http';
import { invalidRequest, OAuthError, serverError, temporarilyUnavailable } from '@chatelaine/protocol';
import { waitOnOthers } from '@chatelaine/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type CoveredRequest, matchRequest, type Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { isReady, secretsOf } from '../upstream/index.ts';
import { type Answered, type AskDeps, askService } from './ask-service.ts';
import { callsAtOnce } from './calls-at-once.ts';
import { headersFromService, headersToService, isFromService } from './headers.ts';
import { SecretInAnswer, refuseSecrets, spellingsOf, withheld } from './withheld.ts';

type ProxyDeps = AskDeps & Pick<Deps, 'services'>;

/** The largest body of a request. It is read completely before it is sent on, because it may have to be sent twice. */
const BODY_BYTES = 1_048_576;
/** How often the token is checked again while an answer is being passed on. PROTOCOL §7. */
const LOOK_EVERY_MS = 2_000;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What Requesters call: `<issuer>/api/<service>/…`. Only what a scope allows is sent on. PROTOCOL §9. */
export async function proxy(app: FastifyInstance, deps: ProxyDeps): Promise<void> {
  const { chatelaine } = app;
  const enter = callsAtOnce();
  const found = new WeakMap<FastifyRequest, Found>();
  await app.register(async (scope) => {
    // bodies are sent on unchanged
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    // an answer that fails before its first byte was sent is an error of ours, without the service's headers
    scope.setErrorHandler((error, request, reply) => {
      for (const name of Object.keys(reply.getHeaders())) if (isFromService(name)) reply.removeHeader(name);
      const about = found.get(request);
      throw about === undefined ? error : asAnswer(deps, about.service, error);
    });
    for (const service of deps.services.filter((one) => isReady(deps, one))) {
      const hooks = new Map(service.scopes.map((one) => [one.scope, chatelaine.requireScope(one.scope)]));
      const prefix = `/api/${service.id}`;
      scope.route({
        method: METHODS,
        url: `${prefix}/*`,
        onRequest: async (request, reply) => {
          const matched = matchRequest(service.rules, request.method, (request.raw.url ?? '').slice(prefix.length));
          if (matched.kind === 'odd') throw invalidRequest(matched.sentence);
          const requireScope = matched.kind === 'covered' ? hooks.get(matched.rule.scope) : undefined;
          if (matched.kind === 'uncovered' || requireScope === undefined)
            throw new OAuthError('invalid_request', 'No scope of this bridge covers such a request.', { status: 404 });
          found.set(request, { service, matched });
          return requireScope(request, reply);
        },
        handler: async (request, reply) => {
          const about = found.get(request);
          if (about === undefined) throw new Error('no rule was found before the handler');
          const { owner, requester, am } = request.chatelaine;
          // before anything is counted or refreshed: a slow service does not occupy a slot of others
          waitOnOthers({ requester: JSON.stringify([am, requester.id]), owner });
          const leave = enter(JSON.stringify([owner, service.id, am, requester.id]));
          const stopped = new AbortController();
          const end = (): void => {
            leave();
            stopped.abort();
          };
          // the caller may have disconnected before the listener was added
          if (reply.raw.closed) end();
          else reply.raw.once('close', end);
          const isStillGood = (): Promise<boolean> => chatelaine.isStillGood(request);
          return forward(deps, { ...about, request, reply, stopped, isStillGood });
        },
      });
    }
  });
}

interface Found {
  readonly service: Service;
  readonly matched: CoveredRequest;
}

interface Forwarding extends Found {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Ends the call: when the caller disconnects, and when the token is no longer valid. */
  readonly stopped: AbortController;
  readonly isStillGood: () => Promise<boolean>;
}

async function forward(deps: ProxyDeps, forwarding: Forwarding): Promise<FastifyReply> {
  const { service, matched, request, stopped } = forwarding;
  const { owner, issuedAt } = request.chatelaine;
  const body = bodyOf(matched, request);
  const { answer, credential } = await askService(deps, {
    service,
    owner,
    issuedAt,
    request: {
      method: request.method,
      path: matched.path,
      query: matched.query,
      headers: headersToService(request, matched.rule.body),
      body,
      signal: stopped.signal,
      maxBytes: deps.config.answerBytes,
      timeoutSeconds: deps.config.answerSeconds,
    },
  });
  return send(deps, forwarding, { answer, credential });
}

async function send(
  deps: ProxyDeps,
  { service, matched, request, reply, stopped, isStillGood }: Forwarding,
  { answer, credential }: Answered,
): Promise<FastifyReply> {
  const { status, headers } = answer;
  // a redirect elsewhere may itself be a secret, and one to our own origin would need a proof of its own
  if (status >= 300 && status < 400 && status !== 304) {
    answer.cancel();
    throw serverError('The service answers with an address elsewhere, which is not followed.');
  }
  if (status < 200 || status > 599) {
    answer.cancel();
    throw serverError('The service gave an answer that cannot be used.');
  }
  const client = deps.config.clients.get(service.id);
  const spellings = spellingsOf([...secretsOf(credential), ...(client === undefined ? [] : [client.secret])]);
  const kept = headersFromService(headers, {
    origin: service.origin,
    here: `${deps.config.issuer}/api/${service.id}`,
    covers(target) {
      const next = matchRequest(service.rules, 'GET', target);
      return next.kind === 'covered' && next.rule.scope === matched.rule.scope;
    },
  });
  try {
    refuseSecrets(Object.values(kept).join('\n'), spellings);
  } catch (error) {
    answer.cancel();
    throw error;
  }
  deps.calls.count({ service: service.id, outcome: status < 400 ? 'answered' : status < 500 ? 'refused' : 'failed' });
  // the content type stays the service's, but nothing in the answer runs: it is somebody's data at our origin
  reply.code(status).headers({
    ...kept,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
  });
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    answer.cancel();
    return reply.send();
  }
  const pieces = reported(deps, service, withheld(answer.body, spellings));
  const watch = setInterval(() => {
    isStillGood().then(
      (good) => good || stopped.abort(new Error('the token ended')),
      (err: unknown) => request.log.warn({ err }, 'could not check whether a token is still valid'),
    );
  }, LOOK_EVERY_MS).unref();
  stopped.signal.addEventListener('abort', () => clearInterval(watch), { once: true });
  return reply.send(Readable.from(pieces, { objectMode: false, highWaterMark: 65_536 }));
}

/** Logs an answer that is cut off because of its content. */
async function* reported(
  deps: ProxyDeps,
  service: Service,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    if (error instanceof SecretInAnswer) leaked(deps, service);
    throw error;
  }
}

function bodyOf({ rule }: CoveredRequest, { body, headers }: FastifyRequest): Buffer | null {
  if (rule.body === null) {
    // the framework reads no body of a GET, and what remains must not be taken for the next request
    const { 'content-length': length = '0', 'transfer-encoding': coding } = headers;
    if (length !== '0' || coding !== undefined) throw invalidRequest('This request has no body.');
    return null;
  }
  const type = (headers['content-type'] ?? '').replace(/ *; *charset=utf-8$/i, '');
  if (type !== rule.body) throw new OAuthError('invalid_request', `The body must be ${rule.body}.`, { status: 415 });
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** A failure between us and a service, as an error of PROTOCOL §3.8. */
function asAnswer(deps: ProxyDeps, service: Service, error: unknown): unknown {
  if (error instanceof SecretInAnswer) {
    leaked(deps, service);
    return serverError('The service gave an answer that cannot be passed on.');
  }
  if (!(error instanceof OutboundError)) return error;
  deps.calls.count({ service: service.id, outcome: 'unreachable' });
  const cause = error.message;
  switch (error.reason) {
    case 'timeout':
      return temporarilyUnavailable('The service is too slow.', { status: 504, retryAfter: 5, cause });
    case 'unreachable':
    case 'busy':
    case 'closed':
      return temporarilyUnavailable('The service cannot be reached right now.', { retryAfter: 5, cause });
    case 'refused':
    case 'too_large':
    case 'bad_status':
    case 'bad_content_type':
    case 'bad_json':
    case 'redirect':
      return serverError('The service gave an answer that cannot be used.', { cause });
  }
}

function leaked({ calls, log }: ProxyDeps, { id }: Service): void {
  calls.count({ service: id, outcome: 'withheld' });
  log.error(
    { event: 'secret_in_answer', service: id },
    'a service answered with its own credential; the answer was withheld',
  );
}
