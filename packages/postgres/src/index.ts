export { applyMigrations, MigrationError, pendingMigrations } from './apply-migrations.ts';
export { isDatabaseUnavailable } from './database-unavailable.ts';
export { type Db, openPool, type Pool, type PoolClient, type PoolOptions } from './pool.ts';
export { defineQuery, type Query, run, runForRow, runOne } from './query.ts';
export { retry } from './retry.ts';
export { inTransaction, type TransactionOptions, withConnection } from './transaction.ts';
