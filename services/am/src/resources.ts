import path from 'node:path';
import { createVault, deriveKey } from '@chatelaine/crypto';
import { applyMigrations } from '@chatelaine/migrations';
import { createRateLimits, migrationsDir as kernelMigrations } from '@chatelaine/oauth-server-pg';
import { createOutbound } from '@chatelaine/outbound-http';
import { createFailpoints, migrationsDir as chassisMigrations, traced } from '@chatelaine/service-kit';
import type { Config } from './config.ts';
import { openDatabase } from './database.ts';
import type { Deps } from './deps.ts';
import { loadSigningKeys } from './keys.ts';

/** What the app is built from and closes at its end. */
export type Resources = Pick<
  Deps,
  'config' | 'clock' | 'pool' | 'prisma' | 'vault' | 'outbound' | 'keys' | 'rateLimits' | 'failpoint'
>;

/** Every migration of the AM's schema: the kernel's, the chassis's, its own. */
export const migrationDirs: readonly string[] = [
  kernelMigrations,
  chassisMigrations,
  path.join(import.meta.dirname, '..', 'prisma', 'migrations'),
];

/** Brings the database up to date and opens all that the AM needs. Several processes may do this at once. */
export async function openResources(config: Config): Promise<Resources> {
  await applyMigrations(config.databaseUrl, [...migrationDirs]);
  const { pool, prisma } = await openDatabase(config);
  const vault = createVault(deriveKey(config.encryptionKey, 'am/vault'));
  const outbound = traced(
    createOutbound({
      exceptions: config.exceptions,
      demo: config.demo,
      ownNames: [new URL(config.issuer).hostname],
    }),
  );
  const keys = await loadSigningKeys({ prisma, vault });
  const clock = { now: () => Date.now() / 1000 };
  const failpoint = createFailpoints(config.failpoints);
  return { config, clock, pool, prisma, vault, outbound, keys, rateLimits: createRateLimits(pool), failpoint };
}
