import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { OAuthError } from '@chatelaine/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Draining } from '../run/drain.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Requests that a process works on at the same time, unless its configuration says otherwise. docs/adr/0011 */
export const REQUESTS_AT_ONCE = 100;

/** So long at least, at most: whoever was refused in the same moment is not to come back in the same moment. */
const RETRY_SECONDS = { least: 1, most: 3 };

/** A balancer that asks whether a busy process is alive must hear that it is; and others cannot finish what we wait for without our metadata. */
const ALWAYS = ['/healthz', '/readyz', '/.well-known/'];

const PLACE = Symbol('place');
const TOLD_EVERY_MS = 10_000;

/** What one request takes of a process. */
interface Place {
  /** False when there is none. */
  enter(): boolean;
  /** The answer has left, or whoever asked. */
  end(): void;
  /** While its body is on its way: whoever sends slowly keeps nobody else out. */
  wait(): void;
  /** For good. */
  leave(): void;
  /** As long as it is worked on it has a place, whoever is gone. */
  during(work: unknown): void;
}

export interface PlacesOptions {
  readonly atOnce: number;
  /** Paths, or their beginnings up to a slash, that are answered in any case: keys and documents that a service we call may need for its answer to us. */
  readonly always: readonly string[];
  readonly metrics: Metrics | undefined;
}

/**
 * Refuses what is more than a process can do, at once and before anything of it is read, instead of letting everybody wait. In what a route's scope
 * answers errors with: JSON for programs, a page for people.
 */
export function limitRequests(app: FastifyInstance, options: PlacesOptions): void {
  const isExempt = exemption([...ALWAYS, ...options.always]);
  const places = openPlaces(app, options);
  app.decorateRequest(PLACE, null);
  app.addHook('onRequest', (request, reply, done) => {
    if (isExempt(request.url) || isPreflight(reply.raw)) return done();
    const place = places.next();
    if (!place.enter()) return done(tooMany());
    request.setDecorator(PLACE, place);
    // the one comes without the other when the connection breaks
    reply.raw.once('finish', place.end).once('close', place.end);
    done();
  });
  app.addHook('preParsing', (request, _reply, body, done) => {
    placeOf(request)?.wait();
    done(null, body);
  });
  app.addHook('preValidation', (request, _reply, done) => {
    if (placeOf(request)?.enter() === false) done(tooMany());
    else done();
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const work: unknown = handler.call(this, request, reply);
      placeOf(request)?.during(work);
      return work;
    };
  });
  refuseEarly(app, places, isExempt);
}

type Exemption = (url: string) => boolean;

function exemption(paths: readonly string[]): Exemption {
  const [beginnings, whole] = [paths.filter((it) => it.endsWith('/')), new Set(paths)];
  return (url) => {
    const path = url.split('?', 1)[0] ?? '';
    return whole.has(path) || beginnings.some((it) => path.startsWith(it));
  };
}

/** A browser's question whether a page may ask: of paths that say so before the request comes here. Refused, it would tell the page nothing; answered, the refusal. */
const isPreflight = (answer: ServerResponse): boolean => answer.hasHeader('access-control-allow-methods');

const placeOf = (request: FastifyRequest): Place | null => request.getDecorator<Place | null>(PLACE);

/** For a route that has bounded by itself how many such requests it works on, and works on them for long. */
export function leavePlace(request: FastifyRequest): void {
  placeOf(request)?.leave();
}

/**
 * Programs are refused before Fastify has made a request of theirs: a quarter of the work, and at ten times the load most of what a process does
 * is to refuse. What passes by here meets the hook above.
 */
function refuseEarly(app: FastifyInstance, places: Places, isExempt: Exemption): void {
  const { server } = app;
  const listeners = server.listeners('request') as RequestListener[];
  const isEarly = ({ url = '', headers: { accept = '' } }: IncomingMessage): boolean =>
    places.areTaken() &&
    !isExempt(url) &&
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
    places.refused();
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

interface Places {
  /** For one request. */
  next(): Place;
  areTaken(): boolean;
  /** Another one was told to come back. */
  refused(): void;
}

function openPlaces({ log }: FastifyInstance, { atOnce, metrics }: PlacesOptions): Places {
  let taken = 0;
  let told = Number.NEGATIVE_INFINITY;
  const count = metrics?.counter({
    name: 'chatelaine_requests_refused_total',
    help: 'Requests answered 503 at once, because as many as may be were under way.',
    labels: {},
  });
  metrics?.gauge({
    name: 'chatelaine_requests_at_once',
    help: 'Requests under way, and how many may be.',
    label: 'state',
    read: () => ({ taken, limit: atOnce }),
  });
  const refused = (): void => {
    count?.({});
    // a line for each would be work, too
    if (performance.now() - told < TOLD_EVERY_MS) return;
    told = performance.now();
    log.warn({ event: 'overloaded', atOnce }, 'more requests than may be at once: refused');
  };
  const areTaken = (): boolean => taken >= atOnce;
  return { refused, areTaken, next: () => openPlace({ areTaken, refused, add: (one) => (taken += one) }) };
}

type Room = Pick<Places, 'areTaken' | 'refused'> & { add(one: 1 | -1): void };

function openPlace({ areTaken, refused, add }: Room): Place {
  const state = { inside: false, ended: false, working: false, left: false };
  const goOut = (): void => {
    if (state.inside) add(-1);
    state.inside = false;
  };
  const stay = (): void => {
    if (state.left || state.inside) return;
    add(1);
    state.inside = true;
  };
  const worked = (): void => {
    state.working = false;
    if (state.ended) goOut();
  };
  return {
    enter() {
      if (state.inside || state.ended || state.left) return true;
      if (areTaken()) refused();
      else stay();
      return state.inside;
    },
    end() {
      state.ended = true;
      if (!state.working) goOut();
    },
    wait: goOut,
    leave() {
      state.left = true;
      goOut();
    },
    during(work) {
      if (!(work instanceof Promise)) return;
      state.working = true;
      stay();
      work.then(worked, worked);
    },
  };
}

function tooMany(): OAuthError {
  const { least, most } = RETRY_SECONDS;
  return new OAuthError(
    'temporarily_unavailable',
    'Too much is asked of this service right now. Try again in a moment.',
    {
      status: 503,
      retryAfter: least + Math.floor(Math.random() * (most - least + 1)),
    },
  );
}
