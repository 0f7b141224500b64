import type { PoolClient } from 'pg';
import type { Pool } from './pool.ts';
import { retry } from './retry.ts';

export interface TransactionOptions {
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /**
   * Waits for locks for as long as a statement may take: for a transaction that ends something, which must not fail
   * because others are using it.
   */
  patient?: boolean;
}

/** The message of `pg` when no answer came within its own limit. */
const SILENCE = 'Query read timeout';

/**
 * Runs `work` in one transaction, and retries it from the beginning, at most three times, after a deadlock or
 * serialization failure; so `work` must have no effect outside the database. Rejects with what `work` threw, after
 * ROLLBACK, or with the error of `pg`. If the connection breaks during COMMIT the outcome is unknown, and the caller
 * must read what was stored.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (tx: PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  return retry(() => once(pool, work, options));
}

/**
 * Runs `work` on one connection of the pool. If it throws, the connection is closed instead of going back to the pool.
 */
export async function withConnection<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  client.on('error', ignore);
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
    client.off('error', ignore);
  }
}

async function once<T>(
  pool: Pool,
  work: (tx: PoolClient) => Promise<T>,
  { isolation = 'read committed', patient = false }: TransactionOptions,
): Promise<T> {
  const client = await pool.connect();
  // the pool handles errors of idle connections only: without a listener, an error during a transaction would end the
  // process. The statement under way fails as well, so the error is not lost
  client.on('error', ignore);
  let broken: Error | undefined;
  try {
    await client.query(`begin isolation level ${isolation}${patient ? '; set local lock_timeout = 0' : ''}`);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // the connection must not return to the pool with an open transaction. One that did not answer is closed without a
    // ROLLBACK
    if (error instanceof Error && error.message === SILENCE) broken = error as Error;
    else
      await client.query('rollback').catch((cause: Error) => {
        broken = cause;
      });
    throw error;
  } finally {
    client.release(broken);
    client.off('error', ignore);
  }
}

const ignore = (): void => undefined;
