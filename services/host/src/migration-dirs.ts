import path from 'node:path';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import { migrationsDir as kitMigrations } from '@chatelaine/service-kit';

/** Every table of this service: the kernel's, the chassis's, its own. */
export const migrationDirs: string[] = [
  kernelMigrations,
  kitMigrations,
  path.join(import.meta.dirname, '..', 'prisma', 'migrations'),
];
