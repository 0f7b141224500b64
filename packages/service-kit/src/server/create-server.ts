import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIMIT, OAuthError, parseForm, refusalOfFields } from '@chatelaine/protocol';
import {
  fastify,
  LogController,
  type DoneFuncWithErrOrRes,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HookHandlerDoneFunction,
} from 'fastify';
import type { DestinationStream } from 'pino';
import {
  countRequests,
  listenForMetrics,
  logger,
  type LogLevel,
  type Metrics,
  type MetricsListener,
  noTracing,
  pathOf,
  requestIds,
  requestLogger,
  traceRequests,
  type Tracing,
  watchEventLoop,
} from '@chatelaine/telemetry';
import {
  acceptForms,
  icon,
  rememberNeeds,
  SCRIPT,
  sendJsonError,
  sendNegotiatedError,
  type Site,
  stylesheet,
} from '@chatelaine/ui';
import type { Draining } from '../run/drain.ts';
import { rememberMethods } from './allowed-methods.ts';
import { acceptJson } from './accept-json.ts';
import { answerClientError } from './client-error.ts';
import { health, READY_EVERY_SECONDS, type ReadyCheck } from './health.ts';
import { limitRequests, REQUESTS_AT_ONCE, WAITING_AT_ONCE } from './request-limit.ts';
import { securityHeaders } from './security-headers.ts';

export interface ServerOptions {
  /** Its name in log lines: `am`, `photos`. */
  name: string;
  /** The service's own origin, which decides about HSTS, secure cookies, and whether a form came from us. */
  issuer: string;
  site: Site;
  logLevel?: LogLevel;
  logDestination?: DestinationStream;
  /** What must work for /readyz to answer 200, by name. */
  ready?: Readonly<Record<string, ReadyCheck>>;
  /** Seconds between two of these checks. */
  readyEverySeconds?: number;
  /** IP addresses or CIDRs of the proxies whose X-Forwarded-For and X-Request-Id are trusted; none by default. */
  trustedProxies?: readonly string[];
  /** Closed together with the app. By default nothing is recorded. */
  tracing?: Tracing;
  metrics?: Metrics;
  /** Where /metrics is served; by default nowhere. */
  metricsListener?: MetricsListener | null;
  /** Requests that a process works on at once; any more are answered 503 immediately. */
  requestsAtOnce?: number;
  /** Requests that may wait for other servers at once, in addition to those. */
  waitingAtOnce?: number;
  /**
   * Paths, or prefixes of paths that end in a slash, which have slots of their own: keys and documents that the
   * servers we call may need before they can answer.
   */
  published?: readonly string[];
  timeouts?: Partial<Timeouts>;
}

/** In milliseconds. */
export interface Timeouts {
  /** For a request, from its first byte to its last. */
  request: number;
  /** For the headers of a request. */
  headers: number;
  /** For a connection without any traffic. */
  connection: number;
  keepAlive: number;
}

const TIMEOUTS: Timeouts = { request: 10_000, headers: 5_000, connection: 30_000, keepAlive: 15_000 };
const MAX_REQUESTS_PER_SOCKET = 1_000;

/**
 * A Fastify server that trusts no input: small bodies with time limits, strict parsers, no coercion, security headers,
 * errors as in OAuth, logs without secrets. Routes registered on it directly are for programs (errors are JSON); those
 * for people belong in `pages`. Serves /healthz, /readyz, /style.css, /live.js and /icon.svg.
 */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const setSecurityHeaders = securityHeaders(options.issuer);
  const app = fastifyOf(options, setSecurityHeaders);
  app.decorate('site', options.site);
  app.decorate('issuer', options.issuer);
  app.decorate('stylesheet', stylesheet(options.site));
  rememberNeeds(app);
  app.decorate('draining', { active: false, begun: new AbortController() } satisfies Draining);
  const methodsOf = rememberMethods(app);
  traceRequests(app, options.tracing ?? noTracing);
  watch(app, options);
  app.setErrorHandler(sendJsonError);
  app.removeAllContentTypeParsers();
  await acceptForms(app);
  acceptJson(app);
  app.addHook('onRequest', (_request, reply, done) => {
    setSecurityHeaders(reply);
    done();
  });
  limitRequests(app, {
    issuer: options.issuer,
    atOnce: options.requestsAtOnce ?? REQUESTS_AT_ONCE,
    waitingAtOnce: options.waitingAtOnce ?? WAITING_AT_ONCE,
    published: options.published ?? [],
    metrics: options.metrics,
  });
  app.addHook('onRequest', refuseOddFields);
  app.addHook('onRequest', refuseControlCharacters);
  app.addHook('onSend', closeWhileDraining);
  app.addHook('onResponse', logResponse);
  health(app, {
    checks: options.ready ?? {},
    live: { event_loop: watchEventLoop(app) },
    everySeconds: options.readyEverySeconds ?? READY_EVERY_SECONDS,
  });
  assets(app, options.site);
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(pathOf(request));
    if (methods.length > 0) reply.header('allow', methods.join(', '));
    // programs in pages of other origins look for metadata in several places, and must be able to read that there is
    // none (Fetch §3.2.3)
    if (pathOf(request).includes('/.well-known/')) reply.header('access-control-allow-origin', '*');
    const refusal =
      methods.length > 0
        ? new OAuthError('invalid_request', `This address does not know ${request.method}.`, { status: 405 })
        : new OAuthError('invalid_request', 'There is nothing at this address.', { status: 404 });
    return sendNegotiatedError(refusal as unknown as FastifyError, request, reply);
  });
  return app;
}

function fastifyOf(options: ServerOptions, setSecurityHeaders: ReturnType<typeof securityHeaders>): FastifyInstance {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const { name, logLevel: level = 'info', logDestination: destination, trustedProxies = [] } = options;
  const answers = new WeakMap<Socket, ServerResponse>();
  const app = fastify({
    logger: logger({ name, level, ...(destination && { destination }) }),
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: requestLogger,
    genReqId: requestIds(trustedProxies),
    requestIdHeader: false,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: LIMIT.formBytes,
    // by default Fastify fails a plugin, and so the process, after ten seconds; on a busy machine that is only a slow
    // start
    pluginTimeout: 0,
    requestTimeout: timeouts.request,
    connectionTimeout: timeouts.connection,
    keepAliveTimeout: timeouts.keepAlive,
    maxRequestsPerSocket: MAX_REQUESTS_PER_SOCKET,
    forceCloseConnections: 'idle',
    // by default Node looks for late requests only every 30 s
    http: { headersTimeout: timeouts.headers, connectionsCheckingInterval: Math.min(1_000, timeouts.headers / 4) },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    routerOptions: { querystringParser: (text) => parseForm(text) as unknown as Record<string, unknown> },
    frameworkErrors(error, request, reply) {
      // no hook runs for an address that cannot be decoded
      setSecurityHeaders(reply);
      void sendJsonError(error, request as FastifyRequest, reply as FastifyReply);
    },
    clientErrorHandler: (error, socket) =>
      answerClientError(error, { socket, answer: answers.get(socket), log: app.log }),
  });
  app.server.prependListener('request', ({ socket }, answer) => void answers.set(socket, answer));
  return app;
}

function watch(app: FastifyInstance, { metrics, metricsListener }: ServerOptions): void {
  if (metrics === undefined) return;
  countRequests(app, metrics);
  if (metricsListener) listenForMetrics(app, metrics, metricsListener);
}

/** Otherwise a kept-alive connection would delay the shutdown until its idle timeout; this answer is its last. */
function closeWhileDraining(request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Sent): void {
  if (request.server.getDecorator<Draining>('draining').active) reply.header('connection', 'close');
  done(null, payload);
}

// hooks of every request take callbacks: each promise would cost another turn of the microtask queue
type Done = HookHandlerDoneFunction;
type Sent = DoneFuncWithErrOrRes;

/** Refuses duplicate fields, which a proxy might read differently, and encoded bodies, before anything else is read. */
function refuseOddFields({ raw }: FastifyRequest, _reply: FastifyReply, done: Done): void {
  done(refusalOfFields(raw.rawHeaders) ?? undefined);
}

/** No path of ours has a control character, and Postgres refuses NUL, so such a URL is answered as not found. */
function refuseControlCharacters({ params }: FastifyRequest, _reply: FastifyReply, done: Done): void {
  const values = Object.values((params ?? {}) as Record<string, string>);
  if (values.some((value) => /\p{Cc}/u.test(value)))
    done(new OAuthError('invalid_request', 'There is nothing at this address.', { status: 404 }));
  else done();
}

function logResponse(request: FastifyRequest, reply: FastifyReply, done: Done): void {
  request.log.info(
    { method: request.method, path: pathOf(request), status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
    'answered',
  );
  done();
}

function assets(app: FastifyInstance, site: Site): void {
  const quiet = { logLevel: 'warn' } as const;
  const { css } = stylesheet(site);
  const svg = icon(site);
  app.get('/style.css', quiet, async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=31536000, immutable').type('text/css; charset=utf-8').send(css),
  );
  app.get('/live.js', quiet, async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('text/javascript; charset=utf-8')
      .send(SCRIPT.source),
  );
  app.get('/icon.svg', quiet, async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(svg),
  );
}
