import { deriveKey, type Vault } from '@chatelaine/crypto';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { createOutbound, type Outbound } from '@chatelaine/outbound-http';
import type { Clock } from '@chatelaine/protocol';
import { createRequester, type Requester } from '@chatelaine/requester-kit';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import {
  type KeyRing,
  migrationsDir as chassisMigrations,
  openSessionKeys,
  openSigningKeys,
  openVault,
  type SessionKeys,
  traced,
  waitingOnOthers,
} from '@chatelaine/service-kit';
import { PrismaPg } from '@prisma/adapter-pg';
import path from 'node:path';
import type { Pool } from 'pg';
import type { Config } from './config.ts';
import { PrismaClient } from './generated/prisma/client.ts';
import { createRequesterStore } from './requester-store.ts';
import { placeOfSigningKey, SEALED_PLACES } from './sealed-places.ts';

/** Everything a feature may need; each takes the smallest Pick. Built once, in `main`. */
export interface Deps {
  readonly config: Config;
  readonly clock: Clock;
  readonly pool: Pool;
  readonly outbound: Outbound;
  readonly vault: Vault;
  /** What authenticates us at AMs; read again now and then. */
  readonly keys: KeyRing;
  readonly sessionKeys: SessionKeys;
  /** All that has to do with AMs and Hosts. */
  readonly requester: Requester;
  /** Ends what was opened. */
  close(): Promise<void>;
}

/** Every table of this service: the kernel's, the chassis's, its own. */
export const migrationDirs: string[] = [
  kernelMigrations,
  chassisMigrations,
  path.join(import.meta.dirname, '..', 'prisma', 'migrations'),
];

/** What this service's secrets are sealed for. */
export const VAULT_LABEL = 'vault';

/** Opens the database, brings it up to date, and builds the rest. Nothing stays open when it fails. */
export async function openDeps(config: Config, clock: Clock = { now: () => Date.now() / 1000 }): Promise<Deps> {
  await applyMigrations(config.databaseUrl, migrationDirs);
  const pool = openPool({ url: config.databaseUrl, name: 'requester', patience: config.databasePatience });
  const { exceptions, demo } = config;
  const ownNames = [new URL(config.issuer).hostname];
  const outbound = waitingOnOthers(traced(createOutbound({ exceptions, demo, ownNames })));
  let prisma: PrismaClient | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([outbound.close(), prisma?.$disconnect()]);
    await pool.end();
  };
  try {
    prisma = await openPrisma(pool);
    const vault = await openVault({ pool, config, label: VAULT_LABEL, places: SEALED_PLACES });
    const keys = await openSigningKeys({ pool, vault, placeOf: placeOfSigningKey });
    const sessionKeys = await openSessionKeys({ pool, vault, seed: deriveKey(config.encryptionKey, 'sessions') });
    const parts = { config, clock, pool, outbound, vault, keys, sessionKeys };
    return { ...parts, requester: openRequester({ ...parts, prisma }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Prisma shares the pool and its time limits; it qualifies its statements with a schema, the connecting role's. */
async function openPrisma(pool: Pool): Promise<PrismaClient> {
  const { rows } = await pool.query<{ schema: string }>('select current_schema() as schema');
  const schema = rows[0]?.schema ?? 'public';
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
}

type RequesterParts = Pick<Deps, 'config' | 'clock' | 'pool' | 'outbound' | 'vault' | 'keys'> & {
  readonly prisma: PrismaClient;
};

function openRequester({ config, clock, pool, outbound, vault, keys, prisma }: RequesterParts): Requester {
  const { issuer, name, schemes } = config;
  return createRequester({
    name,
    uri: issuer,
    redirectUri: `${issuer}/callback`,
    host: issuer,
    registration: { kind: 'document', clientId: `${issuer}/client`, jwksUri: `${issuer}/jwks` },
    signingKey: keys,
    store: createRequesterStore({ pool, prisma }),
    vault,
    outbound,
    clock,
    schemes,
  });
}
