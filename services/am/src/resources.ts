import { systemClock } from '@chatelaine/crypto';
import path from 'node:path';
import { applyMigrations } from '@chatelaine/postgres';
import { createAllowances, createRateLimits, migrationsDir as kernelMigrations } from '@chatelaine/oauth-server-pg';
import { createOutbound } from '@chatelaine/outbound-http';
import { accountMigrations, type PasswordOptions } from '@chatelaine/accounts';
import {
  keyMigrations,
  type KeyRing,
  openKeptKey,
  openPushKeys,
  openRefreshKeys,
  openSessionKeys,
  openSigningKeys,
  openVault,
  type PushKeys,
  type RefreshKeys,
  type SessionKeys,
} from '@chatelaine/keys';
import { createFailpoints } from '@chatelaine/service-kit';
import { traced } from '@chatelaine/telemetry';
import { CHECKPOINT_KEY, checkpointKeysOf } from './checkpoint-keys.ts';
import type { Config } from './config.ts';
import { openDatabase } from './database.ts';
import type { Deps } from './deps.ts';
import { signingKeyAad, ENCRYPTED_COLUMNS } from './encrypted-columns.ts';

/** What the app is built from, and closes at its end. */
export type Resources = Pick<
  Deps,
  | 'config'
  | 'clock'
  | 'monotonic'
  | 'pool'
  | 'prisma'
  | 'vault'
  | 'checkpointKeys'
  | 'outbound'
  | 'rateLimits'
  | 'allowances'
  | 'failpoint'
> & {
  /** The keys that sign; they are read again from time to time. */
  readonly keys: KeyRing;
  readonly sessionKeys: SessionKeys;
  /** Read again from time to time, too. */
  readonly refreshKeys: RefreshKeys;
  /** Read again from time to time, too. */
  readonly pushKeys: PushKeys;
  /** How passwords are hashed, if not as usual. */
  readonly passwords?: PasswordOptions;
};

/** The label under which the AM's secrets are encrypted. */
export const VAULT_LABEL = 'am/vault';

/** Every migration of the AM's schema: those of the authorization server, of accounts and of keys, and its own. */
export const migrationDirs: readonly string[] = [
  kernelMigrations,
  accountMigrations,
  keyMigrations,
  path.join(import.meta.dirname, '..', 'prisma', 'migrations'),
];

/** Migrates the database and opens everything that the AM needs. Several processes may do this at once. */
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
  const failpoint = createFailpoints(config.failpoints);
  const rateLimits = createRateLimits(pool);
  const allowances = createAllowances(pool);
  const monotonic = performance.now.bind(performance);
  return {
    config,
    clock: systemClock,
    monotonic,
    pool,
    prisma,
    outbound,
    rateLimits,
    allowances,
    failpoint,
    ...secrets,
  };
}

async function openSecrets({ config, pool }: Pick<Resources, 'config' | 'pool'>) {
  const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
  const keys = await openSigningKeys({ pool, vault, aadOf: signingKeyAad });
  const sessionKeys = await openSessionKeys({ pool, vault, seed: config.encryptionKey });
  const refreshKeys = await openRefreshKeys({ pool, vault });
  const pushKeys = await openPushKeys({ pool, vault });
  const checkpointKeys = checkpointKeysOf(await openKeptKey({ pool, vault }, CHECKPOINT_KEY));
  return { vault, keys, sessionKeys, refreshKeys, pushKeys, checkpointKeys };
}
