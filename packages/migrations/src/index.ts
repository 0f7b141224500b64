export { applyMigrations, MigrationError } from './apply-migrations.ts';
