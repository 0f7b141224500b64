export { applyMigrations, MigrationError, pendingMigrations } from './apply-migrations.ts';
