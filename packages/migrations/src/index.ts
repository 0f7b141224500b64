export { applyMigrations, MigrationError, pendingMigrations } from './apply-migrations.ts';
export { isDatabaseUnavailable } from './database-unavailable.ts';
