import { OAuthError } from '@chatelaine/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '../telemetry/metrics.ts';
import { routeOf } from '../telemetry/request-ids.ts';

/** Requests that a process works on at the same time, unless its configuration says otherwise. docs/adr/0011 */
export const REQUESTS_AT_ONCE = 200;

/** So long at least, at most: whoever was refused in the same moment is not to come back in the same moment. */
const RETRY_SECONDS = { least: 1, most: 3 };

/** A balancer that asks whether a busy process is alive must hear that it is. */
const ALWAYS = new Set(['/healthz', '/readyz']);

const PLACE = Symbol('place');

/** What one request takes of a process. */
interface Place {
  /** False when there is none. */
  enter(): boolean;
  /** The answer has left, or whoever asked. */
  end(): void;
  /** While its body is on its way: whoever sends slowly keeps nobody else out. */
  wait(): void;
  /** As long as it is worked on it has a place, whoever is gone. */
  during(work: unknown): void;
}

export interface PlacesOptions {
  readonly atOnce: number;
  readonly metrics: Metrics | undefined;
}

/**
 * Refuses what is more than a process can do, at once and before anything of it is read, instead of letting everybody wait. In what a route's scope
 * answers errors with: JSON for programs, a page for people.
 */
export function limitRequests(app: FastifyInstance, { atOnce, metrics }: PlacesOptions): void {
  const places = openPlaces(atOnce, metrics);
  const placeOf = (request: FastifyRequest): Place | null => request.getDecorator<Place | null>(PLACE);
  app.decorateRequest(PLACE, null);
  app.addHook('onRequest', (request, reply, done) => {
    if (ALWAYS.has(routeOf(request))) return done();
    const place = places();
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
}

function openPlaces(atOnce: number, metrics: Metrics | undefined): () => Place {
  let taken = 0;
  const refused = metrics?.counter({
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
  return () => {
    const state = { inside: false, ended: false, working: false };
    const leave = (): void => {
      if (state.inside) taken -= 1;
      state.inside = false;
    };
    const stay = (): void => {
      if (!state.inside) taken += 1;
      state.inside = true;
    };
    const worked = (): void => {
      state.working = false;
      if (state.ended) leave();
    };
    return {
      enter() {
        const full = !state.inside && !state.ended && taken >= atOnce;
        if (full) refused?.({});
        else if (!state.ended) stay();
        return !full;
      },
      end() {
        state.ended = true;
        if (!state.working) leave();
      },
      wait: leave,
      during(work) {
        if (!(work instanceof Promise)) return;
        state.working = true;
        stay();
        work.then(worked, worked);
      },
    };
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
