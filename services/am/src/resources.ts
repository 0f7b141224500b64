import path from 'node:path';
import { applyMigrations } from '@chatelaine/postgres';
import { createAllowances, createRateLimits, migrationsDir as kernelMigrations } from '@chatelaine/oauth-server-pg';
import { createOutbound } from '@chatelaine/outbound-http';
import {
  createFailpoints,
  type KeyRing,
  migrationsDir as chassisMigrations,
  openRefreshKeys,
  openSessionKeys,
  openSigningKeys,
  openVault,
  type PasswordOptions,
  type RefreshKeys,
  type SessionKeys,
  traced,
} from '@chatelaine/service-kit';
import type { Config } from './config.ts';
import { openDatabase } from './database.ts';
import type { Deps } from './deps.ts';
import { placeOfSigningKey, SEALED_PLACES } from './sealed-places.ts';

/** What the app is built from and closes at its end. */
export type Resources = Pick<
  Deps,
  | 'config'
  | 'clock'
  | 'monotonic'
  | 'pool'
  | 'prisma'
  | 'vault'
  | 'outbound'
  | 'rateLimits'
  | 'allowances'
  | 'failpoint'
> & {
  /** Read again now and then. */
  readonly keys: KeyRing;
  readonly sessionKeys: SessionKeys;
  /** Read again now and then, too. */
  readonly refreshKeys: RefreshKeys;
  /** How passwords are hashed, where it is not as usual. */
  readonly passwords?: PasswordOptions;
};

/** What the AM's secrets are sealed for. */
export const VAULT_LABEL = 'am/vault';

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
  const secrets = await openSecrets({ config, pool }).catch(async (error: unknown) => {
    await prisma.$disconnect();
    await pool.end();
    throw error;
  });
  const outbound = traced(
    createOutbound({
      exceptions: config.exceptions,
      demo: config.demo,
      ownNames: [new URL(config.issuer).hostname],
    }),
  );
  const clock = { now: () => Date.now() / 1000 };
  const failpoint = createFailpoints(config.failpoints);
  const rateLimits = createRateLimits(pool);
  const allowances = createAllowances(pool);
  const monotonic = (): number => performance.now();
  return { config, clock, monotonic, pool, prisma, outbound, rateLimits, allowances, failpoint, ...secrets };
}

async function openSecrets({ config, pool }: Pick<Resources, 'config' | 'pool'>) {
  const vault = await openVault({ pool, config, label: VAULT_LABEL, places: SEALED_PLACES });
  const keys = await openSigningKeys({ pool, vault, placeOf: placeOfSigningKey });
  const sessionKeys = await openSessionKeys({ pool, vault, seed: config.encryptionKey });
  return { vault, keys, sessionKeys, refreshKeys: await openRefreshKeys({ pool, vault }) };
}
