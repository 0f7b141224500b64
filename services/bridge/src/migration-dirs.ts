import path from 'node:path';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import { accountMigrations } from '@chatelaine/accounts';
import { keyMigrations } from '@chatelaine/keys';

/** Every migration of this service: those of the authorization server, of accounts and of keys, and its own. */
export const migrationDirs: string[] = [
  kernelMigrations,
  accountMigrations,
  keyMigrations,
  path.join(import.meta.dirname, '..', 'prisma', 'migrations'),
];
