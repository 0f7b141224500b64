import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
} from 'cockatiel';
import { deadlineIn } from '@chatelaine/outbound-http';
import { LRUCache } from 'lru-cache';
import type { Deps, GateCaller, Held, HostGate } from '../deps.ts';
import { createConcurrencyLimit, Crowded, type ConcurrencyLimit } from './concurrency-limit.ts';

type HostGateLimits = Deps['config']['limits']['hostCalls'];

interface Lane {
  readonly places: ConcurrencyLimit;
  breaker: CircuitBreakerPolicy;
  /** Milliseconds; when the breaker lets a call through again. */
  opensAt: number;
  /** Makes the next call the one that tries, for the last has found nothing out. */
  tryAgain(): void;
}

/**
 * A bulkhead with fair turns and a breaker for each Host, in this process's memory. On purpose: it saves work and nothing is decided by it, so another
 * process may think otherwise, and a new one thinks well of everybody. docs/adr/0007, docs/adr/0008
 */
export function createHostGate({ log, limits }: { log: Deps['log']; limits: HostGateLimits }): HostGate {
  // whoever has an account may link ever new Hosts: of one that was not called for so long nothing is known any more
  const lanes = new LRUCache<string, Lane>({
    max: MOST_HOSTS,
    ttl: KNOWN_MS,
    updateAgeOnGet: true,
    ttlAutopurge: true,
  });
  const laneOf = (hostIssuer: string): Lane => {
    const known = lanes.get(hostIssuer);
    if (known !== undefined) return known;
    const made = openLane({ log, limits, hostIssuer });
    lanes.set(hostIssuer, made);
    return made;
  };
  return {
    async call(hostIssuer, caller, make) {
      const lane = laneOf(hostIssuer);
      const leave = await placeFor(lane, limits, caller);
      if (leave === null) return held(limits.waitSeconds);
      try {
        return await throughBreaker(lane, make);
      } catch (error) {
        if (error instanceof BrokenCircuitError) return held((lane.opensAt - Date.now()) / 1000);
        throw error;
      } finally {
        leave();
      }
    },
    states() {
      const counted = { closed: 0, open: 0, half_open: 0 };
      for (const { breaker } of lanes.values()) counted[STATE_NAMES[breaker.state] ?? 'closed']++;
      return counted;
    },
  };
}

/** Some kilobytes each. */
const MOST_HOSTS = 5_000;
const KNOWN_MS = 600_000;

const STATE_NAMES: Partial<Record<CircuitState, 'open' | 'half_open'>> = {
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
};

/** As `CircuitBreakerPolicy.toJSON` has it: nothing is sent, but the time for that is over. */
const TO_BE_TRIED = { ownState: { value: CircuitState.Open, openedAt: 0, attemptNo: 1 }, breakerState: 0 };

function openLane({ log, limits, hostIssuer }: { log: Deps['log']; limits: HostGateLimits; hostIssuer: string }): Lane {
  const openBreaker = (initialState?: unknown): CircuitBreakerPolicy => {
    const breaker = circuitBreaker(handleWhenResult(isFault), {
      breaker: new ConsecutiveBreaker(limits.failuresToOpen),
      halfOpenAfter: limits.openSeconds * 1000,
      initialState,
    });
    breaker.onBreak(() => {
      if (lane.breaker !== breaker) return;
      lane.opensAt = Date.now() + limits.openSeconds * 1000;
      log.warn({ event: 'host_left_alone', hostIssuer, seconds: limits.openSeconds }, 'a Host failed again and again');
    });
    breaker.onReset(() => {
      if (lane.breaker === breaker) log.info({ event: 'host_back', hostIssuer }, 'a Host answers again');
    });
    return breaker;
  };
  const lane: Lane = {
    places: createConcurrencyLimit({ atOnce: limits.atOnce, waiting: limits.waiting }),
    breaker: openBreaker(),
    opensAt: 0,
    // cockatiel takes whatever is thrown for a success, which would close it, and has no way back: another takes its place
    tryAgain: () => void (lane.breaker = openBreaker(TO_BE_TRIED)),
  };
  return lane;
}

/** A place at the Host, or null when there is none in good time. One Requester never takes them all. */
async function placeFor({ places }: Lane, limits: HostGateLimits, caller: GateCaller): Promise<(() => void) | null> {
  const patience = deadlineIn(limits.waitSeconds);
  const [requester] = caller.path;
  const { atOnce, waiting, forOthers } = limits;
  try {
    return await places.enter({
      path: caller.path,
      shares: [{ name: requester, atOnce: atOnce - forOthers, waiting: waiting - forOthers }],
      signal: caller.signal === undefined ? patience : AbortSignal.any([patience, caller.signal]),
    });
  } catch (error) {
    caller.signal?.throwIfAborted();
    if (error instanceof Crowded || patience.aborted) return null;
    throw error;
  }
}

function throughBreaker<T>(lane: Lane, make: () => Promise<T>): Promise<T> {
  const { breaker } = lane;
  // while one call tries whether the Host is back, the others need not wait for what it finds
  if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
  if (breaker.state === CircuitState.Closed) return breaker.execute(make);
  return breaker.execute(async () => {
    try {
      return await make();
    } catch (error) {
      lane.tryAgain();
      throw error;
    }
  });
}

/**
 * Whether an outcome speaks against the Host as a whole. An OAuth error is its right, and one link's trouble; so is an answer of the right form that
 * is not what was asked: neither may close the Host for other owners. A caller who did not wait says nothing of the Host, neither way: that is thrown, and is
 * no outcome.
 */
function isFault(outcome: unknown): boolean {
  const { kind, status } = outcome as { readonly kind: string; readonly status?: number };
  if (kind === 'oauth_error') return status !== undefined && status >= 500;
  return kind === 'timeout' || kind === 'unreachable' || kind === 'unusable';
}

const held = (seconds: number): Held => ({ kind: 'held', retryAfter: Math.max(1, Math.ceil(seconds)) });
