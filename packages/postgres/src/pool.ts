import pg from 'pg';
import { refuseUnreplicated } from './unreplicated.ts';

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;

/** Whatever runs a statement: a pool, or the client of a transaction. */
export type Db = Pick<pg.ClientBase, 'query'> | Pick<pg.Pool, 'query'>;

export interface PoolOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  name: string;
  /** Most connections at once; default 10. */
  max?: number;
  /** A statement that takes longer is cancelled and answered 503; default 5 000. */
  statementTimeoutMs?: number;
  /**
   * One that waits longer for what others have locked likewise, so that a request hears of it within a second; default
   * 450.
   */
  lockTimeoutMs?: number;
  /** How many times longer it waits than said here; default 1. */
  patience?: number;
  /** Settings of every connection, as `SET` takes them. */
  settings?: Readonly<Record<string, string>>;
  /** Told of connections that break while idle; the pool replaces them by itself. */
  onError?: (error: Error) => void;
}

/** Beyond Postgres' own limit, which does not hold while a commit waits for a standby. */
const SILENCE_MS = 2_000;

/**
 * A pool that never waits for ever: 450 ms for a lock, 3 s for a connection, 5 s for a statement, 10 s for a
 * transaction that somebody forgot. Close it with `end()`. What has to wait longer for locks says so (`patient` of
 * `inTransaction`).
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
  // without a listener a restart of Postgres would end the process
  pool.on('error', (error) => onError?.(error));
  pool.on('connect', refuseUnreplicated);
  return pool;
}
