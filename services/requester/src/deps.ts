import { deriveKey, type Vault, systemClock } from '@chatelaine/crypto';
import { applyMigrations, openPool, schemaOf } from '@chatelaine/postgres';
import { createOutbound, type Outbound } from '@chatelaine/outbound-http';
import type { Clock } from '@chatelaine/protocol';
import { createRequester, type Requester, type UndecidedTerms } from '@chatelaine/requester-kit';
import { migrationsDir as kernelMigrations } from '@chatelaine/host-kit';
import { accountMigrations } from '@chatelaine/accounts';
import {
  keyMigrations,
  type KeyRing,
  openSessionKeys,
  openSigningKeys,
  openVault,
  type SessionKeys,
} from '@chatelaine/keys';
import { waitingOnOthers } from '@chatelaine/service-kit';
import { traced } from '@chatelaine/telemetry';
import { PrismaPg } from '@prisma/adapter-pg';
import path from 'node:path';
import type { Pool } from 'pg';
import type { Config } from './config.ts';
import { PrismaClient } from './generated/prisma/client.ts';
import { createRequesterStore } from './requester-store.ts';
import { signingKeyAad, ENCRYPTED_COLUMNS } from './encrypted-columns.ts';

/** Everything a feature may need; each takes the smallest Pick. Built once, in `main`. */
export interface Deps {
  readonly config: Config;
  readonly clock: Clock;
  readonly pool: Pool;
  readonly outbound: Outbound;
  readonly vault: Vault;
  /** The keys that authenticate us at AMs; they are read again from time to time. */
  readonly keys: KeyRing;
  readonly sessionKeys: SessionKeys;
  /** Everything that concerns AMs and Hosts. */
  readonly requester: Requester;
  /** Called with terms on which the operator has not decided. */
  readonly undecidedTerms: Set<(offer: UndecidedTerms) => void>;
  /** Closes everything that was opened. */
  close(): Promise<void>;
}

/** Every migration of this service: those of the authorization server, of accounts and of keys, and its own. */
export const migrationDirs: string[] = [
  kernelMigrations,
  accountMigrations,
  keyMigrations,
  path.join(import.meta.dirname, '..', 'prisma', 'migrations'),
];

/** The label under which this service's secrets are encrypted. */
export const VAULT_LABEL = 'vault';

/** Opens the database, migrates it, and builds the rest. Nothing stays open when it fails. */
export async function openDeps(config: Config, clock: Clock = systemClock): Promise<Deps> {
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
    const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
    const keys = await openSigningKeys({ pool, vault, aadOf: signingKeyAad });
    const sessionKeys = await openSessionKeys({ pool, vault, seed: deriveKey(config.encryptionKey, 'sessions') });
    const undecidedTerms: Deps['undecidedTerms'] = new Set();
    const parts = { config, clock, pool, outbound, vault, keys, sessionKeys, undecidedTerms };
    return { ...parts, requester: openRequester({ ...parts, prisma }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Prisma on the same pool, with its time limits. It writes the schema of the connecting role into its SQL. */
async function openPrisma(pool: Pool): Promise<PrismaClient> {
  const schema = await schemaOf(pool);
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
}

type RequesterParts = Pick<Deps, 'config' | 'clock' | 'pool' | 'outbound' | 'vault' | 'keys' | 'undecidedTerms'> & {
  readonly prisma: PrismaClient;
};

/** What the app wants, at any Host. PROTOCOL §2.4. */
const WANTS = [
  { scope: 'entries.read', purpose: 'To show what you keep in different places in one stream' },
  { scope: 'entries.write', purpose: 'To put what you write here where you choose' },
];

function openRequester({
  config,
  clock,
  pool,
  outbound,
  vault,
  keys,
  prisma,
  undecidedTerms,
}: RequesterParts): Requester {
  const { issuer, name, schemes, terms } = config;
  return createRequester({
    name,
    uri: issuer,
    logoUri: `${issuer}/icon.png`,
    redirectUri: `${issuer}/callback`,
    host: issuer,
    registration: { kind: 'document', clientId: `${issuer}/client`, jwksUri: `${issuer}/jwks` },
    signingKey: keys,
    terms: { ...terms, undecided: (offer) => undecidedTerms.forEach((tell) => tell(offer)) },
    wants: WANTS,
    store: createRequesterStore({ pool, prisma }),
    vault,
    outbound,
    clock,
    schemes,
  });
}
