import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isCrossSite, sourceOf } from '@chatelaine/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '@chatelaine/telemetry';
import type { Draining } from '../run/drain.ts';
import { withSlot, type Kind, openSlot, type RequestSlot, type Slots, tooMany } from './request-slot.ts';
import { createWaitingLimit } from './waiting-limit.ts';

/** Requests that a process works on at once, unless configured otherwise. docs/adr/0011, docs/adr/0013 */
export const REQUESTS_AT_ONCE = 100;
/** Requests that may wait for other servers at once. Waiting costs little, so there may be many. */
export const WAITING_AT_ONCE = 400;

/** The part reserved for people, who must be able to sign in, visit pages and stop something whatever programs do. */
const PART_FOR_PEOPLE = 0.25;

/**
 * Answered from memory even while other requests are refused: a load balancer must learn that a busy process is alive.
 */
const ALWAYS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
/** What others need before they can answer us has slots of its own. */
const PUBLISHED = ['/.well-known/'];
const ASSETS: ReadonlySet<string> = new Set(['/style.css', '/live.js', '/consent.js', '/passkeys.js', '/icon.svg']);

const SLOT = Symbol('slot');
const REPORTED_EVERY_MS = 10_000;

export interface RequestLimitOptions {
  readonly issuer: string;
  readonly atOnce: number;
  readonly waitingAtOnce: number;
  /**
   * Paths, or prefixes of paths that end in a slash, which have slots of their own: keys and documents that a service
   * we call may need for its answer to us.
   */
  readonly published: readonly string[];
  readonly metrics: Metrics | undefined;
}

/**
 * Refuses requests beyond what a process can handle at once, before any of their body is read, instead of letting all
 * of them wait. The refusal has the form of the route's other errors: JSON for programs, a page for people.
 */
export function limitRequests(app: FastifyInstance, options: RequestLimitOptions): void {
  const isPublished = matching([...PUBLISHED, ...options.published]);
  const slots = createSlots(app, options);
  app.decorateRequest(SLOT, null);
  app.addHook('onRequest', (request, reply, done) => {
    if (ALWAYS.has(pathOf(request.url)) || isPreflight(reply.raw)) return done();
    const forPeople = request.routeOptions.config.forPeople === true || ASSETS.has(pathOf(request.url));
    const kind = isPublished(request.url) ? 'published' : forPeople ? 'person' : 'program';
    const slot = openSlot(slots, { kind, source: () => countedSource(request, options.issuer) });
    if (!slot.acquire()) return done(tooMany());
    request.setDecorator(SLOT, slot);
    // if the connection breaks there is no `finish`
    reply.raw.once('finish', slot.end).once('close', slot.end);
    done();
  });
  app.addHook('preParsing', (request, _reply, body, done) => {
    slotOf(request)?.releaseWhileReceiving();
    done(null, body);
  });
  app.addHook('preValidation', (request, _reply, done) => {
    if (slotOf(request)?.acquire() === false) done(tooMany());
    else done();
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const slot = slotOf(request);
      if (slot === null) return handler.call(this, request, reply);
      const work: unknown = withSlot(slot, () => handler.call(this, request, reply));
      slot.holdDuring(work);
      return work;
    };
  });
  refuseEarly(app, slots, isPublished);
}

/** What a page of another site makes its visitors' browsers request is counted apart, not against those visitors. */
function countedSource(request: FastifyRequest, issuer: string): string {
  const source = sourceOf(request.ip);
  return isCrossSite(request.headers, issuer) ? `${source} cross-site` : source;
}

type Matching = (url: string) => boolean;

function matching(paths: readonly string[]): Matching {
  const [beginnings, whole] = [paths.filter((it) => it.endsWith('/')), new Set(paths)];
  return (url) => {
    const path = pathOf(url);
    return whole.has(path) || beginnings.some((it) => path.startsWith(it));
  };
}

const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';

/**
 * A CORS preflight for a path that allows it; the headers are set before this runs. A page cannot read the refusal of a
 * preflight, but it can read that of the request which follows.
 */
const isPreflight = (answer: ServerResponse): boolean => answer.hasHeader('access-control-allow-methods');

const slotOf = (request: FastifyRequest): RequestSlot | null => request.getDecorator<RequestSlot | null>(SLOT);

/** For a route that takes long, and limits such requests itself. */
export function releaseSlot(request: FastifyRequest): void {
  slotOf(request)?.release();
}

/**
 * Refuses programs before Fastify creates a request. That takes a quarter of the work, and at ten times the load most
 * of a process's work is refusing. Whatever is let through here still meets the hook above.
 */
function refuseEarly(app: FastifyInstance, slots: Slots, isPublished: Matching): void {
  const { server } = app;
  const listeners = server.listeners('request') as RequestListener[];
  const isEarly = ({ url = '', headers: { accept = '' } }: IncomingMessage): boolean =>
    slots.isFull('program') &&
    !isPublished(url) &&
    !ALWAYS.has(pathOf(url)) &&
    !ASSETS.has(pathOf(url)) &&
    !accept.includes('text/html') &&
    !app.getDecorator<Draining>('draining').active;
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (!isEarly(request)) {
      for (const listener of listeners) listener(request, response);
      return;
    }
    if (isPreflight(response)) {
      response.writeHead(204).end();
      return;
    }
    slots.refused();
    const { status, message, retryAfter } = tooMany();
    response.writeHead(status, { ...EARLY_HEADERS, 'retry-after': String(retryAfter) });
    response.end(JSON.stringify({ error: 'temporarily_unavailable', error_description: message }));
  });
}

const EARLY_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

function createSlots({ log }: FastifyInstance, { atOnce, waitingAtOnce, metrics }: RequestLimitOptions): Slots {
  const waits = createWaitingLimit(waitingAtOnce);
  const taken: Record<Kind, number> = { program: 0, person: 0, published: 0 };
  const forPrograms = atOnce - Math.floor(PART_FOR_PEOPLE * atOnce);
  let reportedAt = Number.NEGATIVE_INFINITY;
  const count = metrics?.counter({
    name: 'chatelaine_requests_refused_total',
    help: 'Requests answered 503 at once, because as many as may be were under way, or waiting for others.',
    labels: {},
  });
  metrics?.gauge({
    name: 'chatelaine_requests_at_once',
    help: 'Requests under way, and how many may be; of them those that wait for servers of others.',
    label: 'state',
    read: () => ({
      taken: taken.program + taken.person,
      limit: atOnce,
      published: taken.published,
      waiting: waits.taken,
      waiting_limit: waits.atOnce,
    }),
  });
  const isFull = (kind: Kind): boolean => {
    if (kind === 'published') return taken.published >= atOnce;
    const here = taken.program + taken.person;
    return here >= atOnce || (kind === 'program' && taken.program >= forPrograms);
  };
  return {
    waits,
    isFull,
    add: (kind, change) => void (taken[kind] += change),
    refused() {
      count?.({});
      // logging each refusal would be work, too
      if (performance.now() - reportedAt < REPORTED_EVERY_MS) return;
      reportedAt = performance.now();
      log.warn({ event: 'overloaded', ...taken, waiting: waits.taken }, 'more requests than may be at once: refused');
    },
  };
}
