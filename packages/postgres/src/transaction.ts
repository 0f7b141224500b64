import type { PoolClient } from 'pg';
import type { Pool } from './pool.ts';
import { retry } from './retry.ts';

export interface TransactionOptions {
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /**
   * Waits for locks as long as a statement may take: for what ends something, which must not fail because others are
   * busy with it.
   */
  patient?: boolean;
}

/** What `pg` says when no answer came within its own limit. */
const SILENCE = 'Query read timeout';

/**
 * Runs `work` in one transaction, again from the beginning (at most three times) when Postgres gave up because of
 * others. So `work` must touch nothing but the database. Rejects with what `work` threw, after ROLLBACK, or with the
 * error of `pg`. When the connection breaks during COMMIT, the outcome is unknown: the caller reads it back.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (tx: PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  return retry(() => once(pool, work, options));
}

/** Runs `work` on one connection of the pool, and gives it back; one that failed is closed. */
export async function withConnection<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  client.on('error', heard);
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
    client.off('error', heard);
  }
}

async function once<T>(
  pool: Pool,
  work: (tx: PoolClient) => Promise<T>,
  { isolation = 'read committed', patient = false }: TransactionOptions,
): Promise<T> {
  const client = await pool.connect();
  // the pool hears only its idle connections: one that breaks under a transaction would end the process. Its statement
  // fails as well
  client.on('error', heard);
  let broken: Error | undefined;
  try {
    await client.query(`begin isolation level ${isolation}${patient ? '; set local lock_timeout = 0' : ''}`);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // never back into the pool with a transaction open; what does not answer at all is not asked once more
    if (error instanceof Error && error.message === SILENCE) broken = error as Error;
    else
      await client.query('rollback').catch((cause: Error) => {
        broken = cause;
      });
    throw error;
  } finally {
    client.release(broken);
    client.off('error', heard);
  }
}

const heard = (): void => undefined;
