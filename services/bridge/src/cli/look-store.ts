import { defineQuery, openPool, pendingMigrations, type Pool, run } from '@chatelaine/postgres';
import { countStale, openVault } from '@chatelaine/keys';
import type { Config } from '../config.ts';
import { migrationDirs } from '../migration-dirs.ts';
import { ENCRYPTED_COLUMNS, VAULT_LABEL } from '../encrypted-columns.ts';
import { decryptCredential } from '../upstream/index.ts';

interface Kept {
  id: string;
  owner: string;
  service: string;
  origin: string;
  state: string;
  credential: Buffer;
}

const ACCOUNTS = defineQuery<Kept>({
  name: 'doctor_accounts',
  text: 'select id, owner, service, origin, state, credential from service_account',
});

/** What a check of the database finds. */
export type Look =
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'behind'; readonly pending: readonly string[] }
  | {
      readonly kind: 'seen';
      /** How many connections each service has. */
      readonly connected: ReadonlyMap<string, number>;
      /** How many of them their service no longer accepts. */
      readonly broken: number;
      /** How many of them have a credential that cannot be decrypted with this ENCRYPTION_KEY. */
      readonly undecryptable: number;
      /** How many secrets are encrypted with a previous key. */
      readonly stale: number;
    };

/** Opens a connection for one check, and closes it. */
export async function lookAtDatabase(config: Config): Promise<Look> {
  const pool = openPool({ url: config.databaseUrl, name: 'chatelaine-bridge doctor', max: 1 });
  try {
    const pending = await pendingMigrations(pool, [...migrationDirs]);
    return pending.length > 0 ? { kind: 'behind', pending } : await lookAtAccounts(pool, config);
  } catch (error) {
    return { kind: 'unusable', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await pool.end();
  }
}

async function lookAtAccounts(pool: Pool, config: Config): Promise<Look> {
  const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
  const accounts = await run(pool, ACCOUNTS);
  const connected = new Map<string, number>();
  for (const { service } of accounts) connected.set(service, (connected.get(service) ?? 0) + 1);
  const canDecrypt = (account: Kept): boolean => {
    try {
      decryptCredential(vault, account, account.credential);
      return true;
    } catch {
      return false;
    }
  };
  return {
    kind: 'seen',
    connected,
    broken: accounts.filter(({ state }) => state === 'broken').length,
    undecryptable: accounts.filter((account) => !canDecrypt(account)).length,
    stale: await countStale(pool, ENCRYPTED_COLUMNS, vault.keyId),
  };
}
