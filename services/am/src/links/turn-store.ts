import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

// Background calls to Hosts take turns, over all processes: the Host that has waited longest is next, each has a
// limited number of slots, and one that fails is not called for a while. All of it is kept in the Host's row of
// host_turn. docs/adr/0014

/** Seconds; a slower answer occupies a slot that others would have used several times. */
export const SLOW_AFTER_SECONDS = 1;

/**
 * Free slots of a process: for Hosts that answer promptly, and for those that have not lately. Neither kind waits for
 * the other's.
 */
export interface Free {
  readonly prompt: number;
  readonly slow: number;
}

/** SQL: which of the two kinds a Host is, of a row `t` of host_turn. */
export const IS_SLOW = `coalesce(t.slow_until > now(), false)`;

/** Calls at once: to a Host that answers well, and to one of which that is not known. */
const MOST_AT_ONCE = 8;
export const AT_ONCE_AFTER_FAILURE = 2;

/**
 * The first failures have no consequence: they may concern one owner. After that the Host is not called for a while,
 * twice as long each time, but for less time than telling it once it is back may take (PROTOCOL §7).
 */
const FREE_FAILURES = 2;
const LONGEST_PAUSE_SECONDS = 4;
const SLOW_FOR = '5 minutes';

/** What a good answer changes in a row `t` of host_turn, for `set`; `slow`: an SQL expression. */
export const afterGoodAnswer = (slow: string): string => `
  failures = 0, not_before = now(), at_once = case when ${slow} then ${AT_ONCE_AFTER_FAILURE}
    else least(t.at_once + 1, ${MOST_AT_ONCE}) end,
  slow_until = ${slowUntil(slow)}`;

/** Whether a good answer changes a row `t` at all: usually not, and then nothing waits for its lock. */
export const changesAfterGoodAnswer = (slow: string): string =>
  `(t.failures > 0 or t.at_once < ${MOST_AT_ONCE} or ${slow})`;

/**
 * What a failure changes. Only what had not failed before counts (`first`, an SQL expression): one end that a Host
 * never accepts must not keep the others from it. A repeated failure pauses the Host for as long as before.
 */
export const afterFailure = ({ first, slow }: { first: string; slow: string }): string => {
  const failures = `t.failures + (${first})::int`;
  return `
  failures = ${failures}, at_once = ${AT_ONCE_AFTER_FAILURE}, slow_until = ${slowUntil(slow)},
  not_before = case when ${failures} > ${FREE_FAILURES}
    then now() + make_interval(secs => least(${LONGEST_PAUSE_SECONDS}, 2 ^ least(${failures} - ${FREE_FAILURES + 1},
      10))) else now() end`;
};

const slowUntil = (slow: string): string =>
  `case when ${slow} then now() + interval '${SLOW_FOR}' else t.slow_until end`;

const GOOD = defineQuery({
  name: 'hosts_note_good_answer',
  text: `update host_turn t set ${afterGoodAnswer('$2::boolean')}
    where t.host_id = $1 and ${changesAfterGoodAnswer('$2::boolean')}`,
});
const FAILURE = defineQuery({
  name: 'hosts_note_failure',
  text: `update host_turn t set ${afterFailure({ first: '$3::boolean', slow: '$2::boolean' })} where t.host_id = $1`,
});

/** The outcome of a background call to a Host. */
export async function noteAnswer(
  { pool }: Pick<Deps, 'pool'>,
  { hostId, good, seconds, first }: { hostId: string; good: boolean; seconds: number; first: boolean },
): Promise<void> {
  const slow = seconds >= SLOW_AFTER_SECONDS;
  await (good ? run(pool, GOOD, [hostId, slow]) : run(pool, FAILURE, [hostId, slow, first]));
}
