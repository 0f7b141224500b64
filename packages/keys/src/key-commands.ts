import type { Vault } from '@chatelaine/crypto';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { openVault, type VaultConfig } from './open-vault.ts';
import { reencrypt, type EncryptedColumn } from './encrypted-columns-store.ts';
import { replacePushKey } from './push-keys.ts';
import { replaceRefreshKey } from './refresh-keys.ts';
import { replaceSessionKeys } from './session-keys.ts';
import { rotateSigningKey } from './signing-keys.ts';
import { type Command, type CommandResult, UsageError } from '@chatelaine/service-kit';

/** What the commands of a service work on. */
export interface ServiceKeys {
  /** Called when a command runs, so that a bad configuration is an error of that command. */
  config(): VaultConfig & { readonly databaseUrl: string };
  /** Directories of the service's migrations. */
  readonly dirs: readonly string[];
  /** The label of the service's vault. */
  readonly label: string;
  readonly columns: readonly EncryptedColumn[];
  /** The AAD of a private signing key. Null: the service has no signing keys. */
  readonly signingKeyAad: ((kid: string) => string) | null;
  /** Whether the service rotates refresh tokens, and so has keys for that. */
  readonly refreshKeys?: boolean;
  /** Whether the service sends web push messages, and so has a VAPID key. */
  readonly pushKeys?: boolean;
}

interface KeyParts extends Pick<ServiceKeys, 'columns' | 'signingKeyAad'> {
  readonly pool: Pool;
  readonly vault: Vault;
}

/**
 * `migrate` applies migrations, as every start does. `rotate-keys` replaces the keys with which the service signs and
 * encrypts, while it serves. Each reads the configuration, and opens and closes a connection of its own.
 */
export function keyCommands(service: ServiceKeys): Readonly<Record<'migrate' | 'rotate-keys', Command>> {
  const which = ['encryption', 'sessions'];
  if (service.refreshKeys === true) which.push('refresh');
  if (service.pushKeys === true) which.push('push');
  return {
    migrate: {
      usage: '',
      says: 'brings the database up to date, as every start does',
      async run(args) {
        if (args.length > 0) throw new UsageError('migrate takes nothing more.');
        const applied = await applyMigrations(service.config().databaseUrl, [...service.dirs]);
        if (applied.length === 0) return { lines: ['The database is up to date.'] };
        return { lines: applied.map((name) => `Applied ${name}.`) };
      },
    },
    'rotate-keys': {
      usage: ['signing [--at-once]', ...which].join(' | '),
      says: 'replaces keys while the service serves (docs/operations.md says in which order)',
      run(args) {
        const [kind, ...flags] = args;
        const atOnce = flags.length === 1 && flags[0] === '--at-once';
        if (kind === 'signing' && (flags.length === 0 || atOnce))
          return withKeys(service, (parts) => signing(parts, atOnce ? 'at-once' : 'in-turn'));
        const replace = kind !== undefined && which.includes(kind) && flags.length === 0 ? REPLACE[kind] : undefined;
        if (replace !== undefined) return withKeys(service, replace);
        throw new UsageError(`Say which keys: signing, ${which.slice(0, -1).join(', ')} or ${which.at(-1) ?? ''}.`);
      },
    },
  };
}

/** Statements of a command may go through a whole table. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** Runs `work` with a pool of its own, which is closed afterwards. */
export async function withCommandPool<T>(databaseUrl: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const most = { statementTimeoutMs: STATEMENT_TIMEOUT_MS, lockTimeoutMs: STATEMENT_TIMEOUT_MS };
  const pool = openPool({ url: databaseUrl, name: 'chatelaine', max: 2, ...most });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

function withKeys<T>(service: ServiceKeys, work: (parts: KeyParts) => Promise<T>): Promise<T> {
  const { label, columns, signingKeyAad } = service;
  const config = service.config();
  return withCommandPool(config.databaseUrl, async (pool) => {
    const vault = await openVault({ pool, config, label, columns });
    return work({ pool, vault, columns, signingKeyAad });
  });
}

async function signing({ pool, vault, signingKeyAad: aadOf }: KeyParts, how: 'in-turn' | 'at-once') {
  if (aadOf === null) throw new UsageError('This service signs nothing.');
  const { kid, signsFrom, replaced } = await rotateSigningKey({ pool, vault, aadOf }, how);
  const until = replaced.map((old) => `${old.kid} is published until ${old.publishedUntil.toISOString()}.`);
  const lines = [`${kid} is published now and signs from ${signsFrom.toISOString()}.`, ...until];
  return {
    lines: how === 'in-turn' ? lines : [...lines, 'Until caches have it, others may refuse us: five minutes at most.'],
  };
}

async function encryption({ pool, vault, columns }: KeyParts) {
  const { reencrypted, left, unreadable } = await reencrypt({ pool, vault }, columns);
  const lines = [
    `${reencrypted} secrets were encrypted again with ENCRYPTION_KEY.`,
    `${left} are left that were encrypted with another key.`,
  ];
  if (unreadable > 0) lines.push(`${unreadable} of them cannot be decrypted with any configured key.`);
  if (left === 0) lines.push('The keys in ENCRYPTION_KEY_PREVIOUS may be taken out.');
  return left === 0 ? { lines } : { lines, verdict: 'wrong' as const };
}

async function sessions({ pool, vault }: KeyParts) {
  await replaceSessionKeys({ pool, vault });
  return { lines: ['Start every process of the service again: everybody is signed out then.'] };
}

async function refresh({ pool, vault }: KeyParts) {
  const id = await replaceRefreshKey({ pool, vault });
  return {
    lines: [
      `Refresh tokens are derived with key ${id} within half a minute; the one before is kept for a day.`,
      'Who has the old key and a token has all that came of it until now: stop those connections.',
    ],
  };
}

async function pushing({ pool, vault }: KeyParts) {
  await replacePushKey({ pool, vault });
  return {
    lines: [
      'Web push is signed with another key within half a minute.',
      'Browsers are told nothing until their owners turn it on again there.',
    ],
  };
}

const REPLACE: Readonly<Record<string, (parts: KeyParts) => Promise<CommandResult>>> = {
  encryption,
  sessions,
  refresh,
  push: pushing,
};
