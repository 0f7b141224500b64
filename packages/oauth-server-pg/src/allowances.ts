import { tooManyRequests } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import type { Limit } from './limits.ts';
import { type Query, run } from '@chatelaine/postgres';

/**
 * Limits on what is counted with every request. They are exact over all processes, yet Postgres is written to once for
 * a block of requests, not for each.
 */
export interface Allowances {
  /**
   * Counts `points` (1 by default); throws 429 with `Retry-After` if the limit does not allow that many. The function
   * that it returns gives them back, as if they had never been counted.
   */
  take(limit: Limit, key: string, points?: number): Promise<() => void>;
  /** Counts against every one of several limits, or against none of them. */
  takeAll(counted: readonly Counted[], points?: number): Promise<() => void>;
}

export interface Counted {
  readonly limit: Limit;
  readonly key: string;
}

/** What this process has taken of a window and not used yet. */
interface Held {
  left: number;
  /** In milliseconds of `performance.now()`: when the window ends, and with it whatever is left. */
  readonly until: number;
}

/**
 * A process takes a fiftieth of a limit at a time, so that little is lost in what other processes hold and do not use.
 */
const PARTS = 50;
const MOST_HELD = 20_000;

/** Counts in table `oauth_rate_limit`, as `createRateLimits` does, so the names of limits must differ. */
export function createAllowances(pool: Pool): Allowances {
  const held = new Map<string, Held>();
  const refused = new Map<string, { readonly points: number; readonly until: number }>();
  const asking = new Map<string, Promise<void>>();

  const leftOf = (id: string): number => {
    const has = held.get(id);
    return has !== undefined && has.until > performance.now() ? has.left : 0;
  };
  const ask = async (limit: Limit, { id, points }: { id: string; points: number }): Promise<void> => {
    const needed = points - leftOf(id);
    const block = Math.max(needed, Math.floor(limit.points / PARTS));
    for (const wanted of block === needed ? [needed] : [block, needed]) {
      // read before the query, so that no points are used after Postgres's window has ended
      const asked = performance.now();
      const msLeft = await takeBlock(pool, { id, limit, wanted });
      if (msLeft === null) continue;
      const until = asked + msLeft;
      const before = held.get(id);
      const rest = before !== undefined && Math.abs(before.until - until) < SAME_WINDOW_MS ? before.left : 0;
      makeRoom(held);
      held.set(id, { left: rest + wanted, until });
      return;
    }
    makeRoom(refused);
    refused.set(id, { points: needed, until: performance.now() + (await msLeftOf(pool, id)) });
  };

  const allowances: Allowances = {
    async take(limit, key, points = 1) {
      const id = `${limit.name}:${key}`;
      for (;;) {
        const has = held.get(id);
        if (has !== undefined && leftOf(id) >= points) {
          has.left -= points;
          return () => void (has.left += points);
        }
        const found = refused.get(id);
        const wait = found === undefined || points - leftOf(id) < found.points ? 0 : found.until - performance.now();
        if (wait > 0) throw tooManyRequests(Math.ceil(wait / 1000));
        // of all callers that find nothing left, one asks Postgres, and then all look again
        const now = asking.get(id) ?? ask(limit, { id, points }).finally(() => asking.delete(id));
        asking.set(id, now);
        await now;
      }
    },
    async takeAll(counted, points = 1) {
      const taken: (() => void)[] = [];
      const giveBack = (): void => {
        for (const one of taken) one();
      };
      try {
        for (const { limit, key } of counted) taken.push(await allowances.take(limit, key, points));
        return giveBack;
      } catch (error) {
        giveBack();
        throw error;
      }
    },
  };
  return allowances;
}

/** Two blocks of one window end at the same time, give or take the time that their queries took. */
const SAME_WINDOW_MS = 1_000;

/** Entries may be dropped: a new block is taken then, and only what was left of the old one is lost. */
function makeRoom(map: Map<string, unknown>): void {
  if (map.size < MOST_HELD) return;
  for (const key of map.keys()) {
    map.delete(key);
    if (map.size < MOST_HELD / 2) return;
  }
}

const NOW_MS = 'extract(epoch from clock_timestamp()) * 1000';
const TAKE: Query<{ ms_left: number }> = {
  name: 'oauth_take_allowance',
  text: `insert into oauth_rate_limit as r (key, points, expire) values ($1, $2, ${NOW_MS} + $4::float8)
  on conflict (key) do update set
    points = case when r.expire <= ${NOW_MS} then excluded.points else r.points + excluded.points end,
    expire = case when r.expire <= ${NOW_MS} then excluded.expire else r.expire end
  where r.expire <= ${NOW_MS} or r.points + excluded.points <= $3
  returning (expire - ${NOW_MS})::float8 as ms_left`,
};
const LEFT: Query<{ ms_left: number }> = {
  name: 'oauth_allowance_left',
  text: `select (expire - ${NOW_MS})::float8 as ms_left from oauth_rate_limit where key = $1`,
};

/**
 * Takes `wanted` points of the window, or none; returns the milliseconds until it ends, or null if there are not
 * enough.
 */
async function takeBlock(
  pool: Pool,
  { id, limit, wanted }: { id: string; limit: Limit; wanted: number },
): Promise<number | null> {
  if (wanted > limit.points) return null;
  const [row] = await run(pool, TAKE, [id, wanted, limit.points, limit.perSeconds * 1000]);
  return row?.ms_left ?? null;
}

async function msLeftOf(pool: Pool, id: string): Promise<number> {
  const [row] = await run(pool, LEFT, [id]);
  return Math.max(1, row?.ms_left ?? 1);
}
