import type { Failure } from '@chatelaine/oauth-client';
import { startDeadline } from '@chatelaine/outbound-http';
import { LRUCache } from 'lru-cache';
import type { Deps, GateCaller, Held, HostGate, LinksSeen, Observed } from '../deps.ts';
import { type ConcurrencyLimit, createConcurrencyLimit, Crowded } from './concurrency-limit.ts';
import { noteSeen, type SeenLink } from './seen-store.ts';

type HostGateLimits = Deps['config']['limits']['hostCalls'];

interface HostGateDeps extends Pick<Deps, 'log'> {
  readonly limits: HostGateLimits;
  /** Called for every call, with its outcome. */
  readonly observe: Observed;
}

/** What this process knows about one Host. */
interface Lane {
  readonly slots: ConcurrencyLimit;
  /** Consecutive failures. */
  failures: number;
  circuit: Circuit;
}

/** A circuit breaker, after M. Nygard, Release It!, ch. 5. */
type Circuit =
  | { readonly state: 'closed' }
  /** Nothing is sent before `until`, in milliseconds of `performance.now()`; the first call after it tries the Host. */
  | { readonly state: 'open'; readonly until: number }
  /** One call is trying the Host. */
  | { readonly state: 'half_open' };

/** Some kilobytes each. */
const MOST_HOSTS = 5_000;
const KNOWN_MS = 600_000;

/**
 * A bulkhead with fair turns and a circuit breaker for each Host, in this process's memory. On purpose: it only saves
 * work and decides nothing, so processes may differ, and a new one assumes that every Host is well. docs/adr/0007,
 * docs/adr/0008
 */
export function createHostGate(deps: HostGateDeps): HostGate {
  const { limits, observe } = deps;
  // anybody with an account may link ever new Hosts: what is known about one is forgotten if it is not called for long
  const lanes = new LRUCache<string, Lane>({
    max: MOST_HOSTS,
    ttl: KNOWN_MS,
    updateAgeOnGet: true,
    ttlAutopurge: true,
  });
  const laneOf = (hostIssuer: string): Lane => {
    const known = lanes.get(hostIssuer);
    if (known !== undefined) return known;
    const slots = createConcurrencyLimit({ atOnce: limits.atOnce, waiting: limits.waiting });
    const made: Lane = { slots, failures: 0, circuit: { state: 'closed' } };
    lanes.set(hostIssuer, made);
    return made;
  };
  return {
    async call(hostIssuer, caller, make) {
      const observed = observe();
      let outcome = 'gone';
      try {
        const answer = await through(deps, { hostIssuer, lane: laneOf(hostIssuer), caller }, make);
        outcome = answer.kind;
        return answer;
      } finally {
        observed({ outcome });
      }
    },
    states() {
      const counted = { closed: 0, open: 0, half_open: 0 };
      for (const { circuit } of lanes.values()) counted[circuit.state]++;
      return counted;
    },
  };
}

interface Called {
  readonly hostIssuer: string;
  readonly lane: Lane;
  readonly caller: GateCaller;
}

async function through<T extends { readonly kind: string }>(
  deps: HostGateDeps,
  called: Called,
  make: () => Promise<T | Failure>,
): Promise<T | Failure | Held> {
  const { lane, caller } = called;
  const leave = await slotFor(lane, deps.limits, caller);
  if (leave === null) return held(deps.limits.waitSeconds);
  try {
    const { circuit } = lane;
    if (circuit.state === 'closed') return learned(deps, { ...called, circuit }, await make());
    // while one call tries whether the Host is back, the others need not wait for its result
    if (circuit.state === 'half_open') return held(0);
    const msLeft = circuit.until - performance.now();
    if (msLeft > 0) return held(msLeft / 1000);
    const trying: Circuit = { state: 'half_open' };
    lane.circuit = trying;
    try {
      return learned(deps, { ...called, circuit: trying }, await make());
    } catch (error) {
      // it has found out nothing: the next call tries
      lane.circuit = { state: 'open', until: 0 };
      throw error;
    }
  } finally {
    leave();
  }
}

/** A slot at the Host; null if there is none in time. One Requester never takes them all. */
async function slotFor({ slots }: Lane, limits: HostGateLimits, caller: GateCaller): Promise<(() => void) | null> {
  const [requester] = caller.path;
  const { atOnce, waiting, forOthers } = limits;
  const shares = [{ name: requester, atOnce: atOnce - forOthers, waiting: waiting - forOthers }];
  caller.signal?.throwIfAborted();
  const free = slots.tryEnter({ shares });
  if (free !== null) return free;
  const patience = startDeadline(limits.waitSeconds, caller.signal, () => new Error('No slot at the Host in time.'));
  try {
    return await slots.enter({ path: caller.path, shares, signal: patience.signal });
  } catch (error) {
    caller.signal?.throwIfAborted();
    if (error instanceof Crowded || patience.signal.aborted) return null;
    throw error;
  } finally {
    patience.end();
  }
}

/** Records what an outcome says about the Host. */
function learned<T extends { readonly kind: string }>(
  { log, limits }: HostGateDeps,
  { hostIssuer, lane, circuit }: Called & { readonly circuit: Circuit },
  outcome: T,
): T {
  // a call sent before the circuit opened or closed says nothing new
  if (lane.circuit !== circuit) return outcome;
  if (!isFault(outcome)) {
    lane.failures = 0;
    if (circuit.state === 'closed') return outcome;
    lane.circuit = { state: 'closed' };
    log.info({ event: 'circuit_closed', hostIssuer }, 'a Host answers again');
    return outcome;
  }
  lane.failures += 1;
  if (circuit.state === 'closed' && lane.failures < limits.failuresToOpen) return outcome;
  lane.circuit = { state: 'open', until: performance.now() + limits.openSeconds * 1000 };
  const fields = { event: 'circuit_opened', hostIssuer, seconds: limits.openSeconds };
  log.warn(fields, 'a Host failed again and again');
  return outcome;
}

/**
 * Whether an outcome counts as a failure of the Host as a whole. An OAuth error is its right and concerns one link; so
 * does a well-formed answer that is not what was asked for. Neither may close the Host for other owners. A caller that
 * did not wait says nothing about the Host: that is thrown and has no outcome.
 */
function isFault(outcome: unknown): boolean {
  const { kind, status } = outcome as { readonly kind: string; readonly status?: number };
  if (kind === 'oauth_error') return status !== undefined && status >= 500;
  return kind === 'timeout' || kind === 'unreachable' || kind === 'unusable';
}

const held = (seconds: number): Held => ({ kind: 'held', retryAfter: Math.max(1, Math.ceil(seconds)) });

/** For how many links observations are kept until they are next stored; others are observed again. */
const MOST = 20_000;

/**
 * Records for its owner what was last observed of each link's Host: when it answered, or since when it has been
 * unreachable. By link and not by Host, because when others use it is nobody's business. Written together at intervals,
 * since a Host may be called hundreds of times a second; nothing is decided by it.
 */
export function watchLinks({ pool, clock }: Pick<Deps, 'pool' | 'clock'>): LinksSeen {
  const since = new Map<string, SeenLink>();
  return {
    note(linkId, kind) {
      const unreachable = kind === 'timeout' || kind === 'unreachable';
      const before = since.get(linkId);
      if (before === undefined && since.size >= MOST) return;
      const at = clock.now();
      since.set(linkId, {
        linkId,
        answeredAt: unreachable ? (before?.answeredAt ?? null) : at,
        unreachableSince: unreachable ? (before?.unreachableSince ?? at) : null,
      });
    },
    async store() {
      if (since.size === 0) return;
      const seen = [...since.values()];
      since.clear();
      await noteSeen(pool, seen);
    },
  };
}
