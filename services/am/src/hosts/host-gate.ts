import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  type BulkheadPolicy,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
  TaskCancelledError,
} from 'cockatiel';
import type { Deps, Held, HostGate } from '../deps.ts';

type HostGateLimits = Deps['config']['limits']['hostCalls'];

interface Lane {
  readonly places: BulkheadPolicy;
  readonly breaker: CircuitBreakerPolicy;
  /** Milliseconds; when the breaker lets a call through again. */
  opensAt: number;
}

/**
 * A bulkhead and a breaker for each Host, in this process's memory. On purpose: it saves work and nothing is decided by it, so another process may think
 * otherwise, and a new one thinks well of everybody. docs/adr/0007
 */
export function createHostGate({ log, limits }: { log: Deps['log']; limits: HostGateLimits }): HostGate {
  // one for each Host that is linked and used: no more than there are rows
  const lanes = new Map<string, Lane>();
  const laneOf = (hostIssuer: string): Lane => {
    const known = lanes.get(hostIssuer);
    if (known !== undefined) return known;
    const made = openLane({ log, limits, hostIssuer });
    lanes.set(hostIssuer, made);
    return made;
  };
  return {
    async call(hostIssuer, make) {
      const lane = laneOf(hostIssuer);
      try {
        return await throughPlaces(lane, limits, () => throughBreaker(lane, make));
      } catch (error) {
        if (error instanceof BrokenCircuitError) return held((lane.opensAt - Date.now()) / 1000);
        if (error instanceof BulkheadRejectedError || error instanceof TaskCancelledError)
          return held(limits.waitSeconds);
        throw error;
      }
    },
  };
}

function openLane({ log, limits, hostIssuer }: { log: Deps['log']; limits: HostGateLimits; hostIssuer: string }): Lane {
  const lane: Lane = {
    places: bulkhead(limits.atOnce, limits.waiting),
    breaker: circuitBreaker(handleWhenResult(isFault), {
      breaker: new ConsecutiveBreaker(limits.failuresToOpen),
      halfOpenAfter: limits.openSeconds * 1000,
    }),
    opensAt: 0,
  };
  lane.breaker.onBreak(() => {
    lane.opensAt = Date.now() + limits.openSeconds * 1000;
    log.warn({ event: 'host_left_alone', hostIssuer, seconds: limits.openSeconds }, 'a Host failed again and again');
  });
  lane.breaker.onReset(() => log.info({ event: 'host_back', hostIssuer }, 'a Host answers again'));
  return lane;
}

/** Who waits too long goes away; his place in the line is found empty when its turn comes. */
async function throughPlaces<T>({ places }: Lane, { waitSeconds }: HostGateLimits, make: () => Promise<T>): Promise<T> {
  if (places.executionSlots > 0) return places.execute(make);
  const patience = AbortSignal.timeout(waitSeconds * 1000);
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(new TaskCancelledError());
  patience.addEventListener('abort', leave, { once: true });
  const made = places.execute(() => {
    patience.removeEventListener('abort', leave);
    return make();
  }, patience);
  return Promise.race([made, gone.promise]);
}

function throughBreaker<T>({ breaker }: Lane, make: () => Promise<T>): Promise<T> {
  // while one call tries whether the Host is back, the others need not wait for what it finds
  if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
  return breaker.execute(make);
}

/**
 * Whether an outcome speaks against the Host as a whole. An OAuth error is its right, and one link's trouble; so is an answer of the right form that
 * is not what was asked: neither may close the Host for other owners.
 */
function isFault(outcome: unknown): boolean {
  const { kind, status } = outcome as { readonly kind: string; readonly status?: number };
  if (kind === 'oauth_error') return status !== undefined && status >= 500;
  return kind === 'timeout' || kind === 'unreachable' || kind === 'unusable';
}

const held = (seconds: number): Held => ({ kind: 'held', retryAfter: Math.max(1, Math.ceil(seconds)) });
