import { createVault, deriveKey, type Vault, type VaultKey, VaultError } from '@chatelaine/crypto';
import { ConfigError, type ServiceConfig } from '@chatelaine/service-kit';
import { inTransaction, type Pool, type PoolClient, run } from '@chatelaine/postgres';
import {
  countEncryptedWith,
  firstEncrypted,
  type EncryptedColumn,
  type EncryptedValue,
} from './encrypted-columns-store.ts';
import { ADD, FIND, LOCK, RETIRE, USE, type EncryptionKeyRow } from './sql/encryption-key.ts';

export type VaultConfig = Pick<ServiceConfig, 'encryptionKey' | 'previousEncryptionKeys'>;

export interface VaultInput {
  readonly pool: Pool;
  readonly config: VaultConfig;
  /** The purpose for which keys are derived from the master secrets; the same for every vault of one database. */
  readonly label: string;
  /** Every column of this database that is encrypted. The first must be one that has values from the first start on. */
  readonly columns: readonly EncryptedColumn[];
}

/**
 * The vault of a service. It encrypts with ENCRYPTION_KEY and decrypts with every configured key. The database
 * identifies keys by their fingerprints.
 *
 * @throws ConfigError with one sentence for the operator, when a key is missing that is needed to decrypt something
 * stored
 */
export async function openVault(input: VaultInput): Promise<Vault> {
  const { pool, config, label } = input;
  const secrets = [config.encryptionKey, ...config.previousEncryptionKeys];
  const given = secrets.map((secret) => ({
    secret,
    fingerprint: deriveKey(secret, `${label}/fingerprint`),
    vaultKey: deriveKey(secret, label),
  }));
  const ids = await inTransaction(
    pool,
    async (tx) => {
      await run(tx, LOCK);
      const known = await run(tx, FIND);
      const all = known.length === 0 ? await firstKey(tx, input, given) : known;
      await refuseMissing(tx, input, { all, given });
      return register(tx, all, given);
    },
    { patient: true },
  );
  const keys = given.map(({ vaultKey }, index): VaultKey => ({ keyId: ids[index] ?? 0, key: vaultKey }));
  const [current, ...retired] = keys;
  if (current === undefined) throw new Error('there is always a current key');
  return createVault(current.key, { keyId: current.keyId, retired: distinct(retired, current.keyId) });
}

interface Given {
  readonly fingerprint: Buffer;
  readonly vaultKey: Buffer;
}

/** Before keys had numbers everything was encrypted as key 1, so the key that decrypts such a value is the first. */
async function firstKey(tx: PoolClient, { columns }: VaultInput, given: readonly Given[]): Promise<EncryptionKeyRow[]> {
  const [current] = given;
  const sample = await firstEncrypted(tx, columns);
  const first = sample === null ? current : given.find(({ vaultKey }) => canDecrypt(vaultKey, sample));
  if (first === undefined) throw new ConfigError([WRONG_KEY]);
  await run(tx, ADD, [1, first.fingerprint]);
  return [{ id: 1, fingerprint: first.fingerprint, retired: false }];
}

function canDecrypt(key: Buffer, { encrypted, aad }: EncryptedValue): boolean {
  try {
    createVault(key).decrypt(encrypted, aad);
    return true;
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}

const WRONG_KEY =
  'ENCRYPTION_KEY is not the key that this database was encrypted with: ' +
  'give the right one, or name it in ENCRYPTION_KEY_PREVIOUS.';

/**
 * A key with which something is still encrypted must be configured. One with which nothing is encrypted any more is
 * marked retired.
 */
async function refuseMissing(
  tx: PoolClient,
  { columns }: VaultInput,
  { all, given }: { all: readonly EncryptionKeyRow[]; given: readonly Given[] },
): Promise<void> {
  const isGiven = (known: EncryptionKeyRow) => given.some(({ fingerprint }) => fingerprint.equals(known.fingerprint));
  if (!all.some(isGiven)) throw new ConfigError([WRONG_KEY]);
  for (const known of all.filter((one) => !one.retired && !isGiven(one))) {
    const left = await countEncryptedWith(tx, columns, known.id);
    if (left > 0) {
      throw new ConfigError([
        `ENCRYPTION_KEY_PREVIOUS lacks a key that ${left} stored secrets are still encrypted with: ` +
          `put it back and run \`chatelaine rotate-keys encryption\` before you take it out.`,
      ]);
    }
    await run(tx, RETIRE, [known.id]);
  }
}

/** The ids of the given keys, in the order given; keys that are new get one. */
async function register(tx: PoolClient, all: readonly EncryptionKeyRow[], given: readonly Given[]): Promise<number[]> {
  const known = [...all];
  const ids: number[] = [];
  for (const { fingerprint } of given) {
    const found = known.find((one) => one.fingerprint.equals(fingerprint));
    if (found?.retired === true) await run(tx, USE, [found.id]);
    const id = found?.id ?? Math.max(...known.map((one) => one.id)) + 1;
    if (found === undefined) {
      await run(tx, ADD, [id, fingerprint]);
      known.push({ id, fingerprint, retired: false });
    }
    ids.push(id);
  }
  return ids;
}

/** Drops keys that are given twice. */
function distinct(keys: readonly VaultKey[], currentId: number): VaultKey[] {
  const seen = new Set([currentId]);
  return keys.filter(({ keyId }) => !seen.has(keyId) && seen.add(keyId));
}
