import path from 'node:path';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import { accountMigrations } from '@chatelaine/accounts';
import { keyMigrations } from '@chatelaine/keys';

/** Every table of this service: the kernel's, those of accounts and keys, its own. */
export const migrationDirs: string[] = [
  kernelMigrations,
  accountMigrations,
  keyMigrations,
  path.join(import.meta.dirname, '..', 'prisma', 'migrations'),
];
