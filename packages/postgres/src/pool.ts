import pg from 'pg';
import { refuseUnreplicated } from './unreplicated.ts';

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;

/** Whatever runs queries: a pool, or the client of a transaction. */
export type Db = Pick<pg.ClientBase, 'query'> | Pick<pg.Pool, 'query'>;

export interface PoolOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  name: string;
  /** At most so many connections at once; 10 by default. */
  max?: number;
  /** Milliseconds after which a statement is cancelled (the answer is then 503); 5,000 by default. */
  statementTimeoutMs?: number;
  /**
   * Milliseconds that a statement may wait for locks, so that a request that cannot get them fails within a second; 450
   * by default.
   */
  lockTimeoutMs?: number;
  /** Factor by which all these times are longer; 1 by default. */
  patience?: number;
  /** Settings of every connection, as `SET` takes them. */
  settings?: Readonly<Record<string, string>>;
  /** Called when an idle connection breaks; the pool replaces it by itself. */
  onError?: (error: Error) => void;
}

/** Milliseconds beyond the statement timeout, which Postgres does not apply while a commit waits for a standby. */
const SILENCE_MS = 2_000;

/**
 * A pool in which nothing waits for ever: 450 ms for a lock, 3 s for a connection, 5 s for a statement, 10 s for a
 * transaction that was left idle. Close it with `end()`. Transactions that must wait longer for locks say so (`patient`
 * of {@link inTransaction}).
 */
export function openPool(options: PoolOptions): Pool {
  const { url, name, max = 10, patience = 1, settings = {}, onError } = options;
  const statementTimeoutMs = patience * (options.statementTimeoutMs ?? 5_000);
  const lockTimeoutMs = patience * (options.lockTimeoutMs ?? 450);
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max,
    connectionTimeoutMillis: patience * 3_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    query_timeout: statementTimeoutMs + patience * SILENCE_MS,
    idle_in_transaction_session_timeout: patience * 10_000,
    keepAlive: true,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  });
  // without a listener, a restart of Postgres would end the process
  pool.on('error', (error) => onError?.(error));
  pool.on('connect', refuseUnreplicated);
  return pool;
}
