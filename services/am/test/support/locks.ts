import type { TestDeployment } from './deployment.ts';
import { eventually } from './world.ts';

/** Holds the locks that `sql` takes while `during` runs, or until `during` calls `release`. */
export async function whileLocked<T>(
  { pool }: TestDeployment,
  sql: string,
  during: (release: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const holder = await pool.connect();
  await holder.query(`begin; ${sql}`);
  let held = true;
  const release = () => {
    held = false;
    return holder.query('rollback');
  };
  try {
    return await during(release);
  } finally {
    if (held) await release();
    holder.release();
  }
}

/** Resolves with the backends of the AMs that wait for a lock, as soon as there are `count` of them. */
export function waitingBackends(deployment: TestDeployment, count = 1): Promise<number[]> {
  return eventually(async () => {
    const rows = await deployment.rows<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'am' and datname = current_database()
        and wait_event_type = 'Lock'`,
    );
    return rows.length >= count && rows.map(({ pid }) => pid);
  });
}

/** Breaks the connections that wait for a lock: those of the request under test and of background work of the AMs. */
export async function disconnectWaiting(deployment: TestDeployment): Promise<void> {
  await deployment.rows('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [
    await waitingBackends(deployment),
  ]);
}

/** Runs `sql` in a transaction that stays open while `during` runs, or until `during` commits it. */
export async function whileUncommitted<T>(
  { pool }: TestDeployment,
  [sql, values]: readonly [string, readonly unknown[]],
  during: (commit: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const holder = await pool.connect();
  let open = true;
  const end = (how: 'commit' | 'rollback') => {
    open = false;
    return holder.query(how);
  };
  try {
    await holder.query('begin');
    await holder.query(sql, [...values]);
    return await during(() => end('commit'));
  } finally {
    if (open) await end('rollback');
    holder.release();
  }
}
