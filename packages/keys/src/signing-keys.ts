import { generateSigningKey, type SigningKey, type SigningKeys, signingKeyOf, type Vault } from '@chatelaine/crypto';
import { LIFETIME } from '@chatelaine/protocol';
import { type Db, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import type { EncryptedColumn } from './encrypted-columns-store.ts';
import { FIND, FORGET, INSERT, LOCK, RETIRE } from './sql/signing-key.ts';

export interface SigningKeysInput {
  readonly pool: Pool;
  readonly vault: Vault;
  /** The AAD of a private key. */
  readonly aadOf: (kid: string) => string;
}

/** Signing keys as far as {@link KeyRing.refresh} has read them from the database. */
export interface KeyRing extends SigningKeys {
  /** Reads the keys again; if that fails, the known ones remain. */
  refresh(): Promise<void>;
}

// Seconds in which everybody who has cached our keys reads them again, before a new one signs: the time for their
// cache, for ours, and as much again
const PUBLISHED_BEFORE_USE_SECONDS = 2 * LIFETIME.documentCacheMin;
// Seconds after which everything has expired that the old key signed, also in a process that has not read the keys
// again
const KEPT_AFTER_USE_SECONDS = 2 * LIFETIME.documentCacheMin;

/**
 * Opens the signing keys of a service. The first process generates one, and processes that start at the same time wait
 * for it, so that all sign with the same.
 *
 * @throws VaultError when a stored key cannot be decrypted
 */
export async function openSigningKeys(input: SigningKeysInput): Promise<KeyRing> {
  const { pool } = input;
  let keys = await inTransaction(
    pool,
    async (tx) => {
      await run(tx, LOCK);
      if ((await run(tx, FIND)).length === 0) await insert(tx, input, { secondsUntilUse: 0 });
      return read(tx, input);
    },
    { patient: true },
  );
  return {
    get current() {
      return keys.current;
    },
    get all() {
      return keys.all;
    },
    async refresh() {
      keys = await read(pool, input);
    },
  };
}

export interface Rotation {
  readonly kid: string;
  readonly signsFrom: Date;
  /** The keys that it replaces, and until when they remain published. */
  readonly replaced: readonly { readonly kid: string; readonly publishedUntil: Date }[];
}

/**
 * Generates a new signing key. `in-turn`: it is published first and signs once every cache has it; the old key remains
 * published until everything that it signed has expired. `at-once` is for a key that somebody else knows: what it
 * signed is invalid from now on, and some requests fail until caches have the new key.
 */
export function rotateSigningKey(input: SigningKeysInput, how: 'in-turn' | 'at-once'): Promise<Rotation> {
  const secondsUntilUse = how === 'at-once' ? 0 : PUBLISHED_BEFORE_USE_SECONDS;
  return replaceSigningKey(input, { secondsUntilUse, secondsKept: how === 'at-once' ? 0 : KEPT_AFTER_USE_SECONDS });
}

/** The same, with given times. */
export function replaceSigningKey(
  input: SigningKeysInput,
  { secondsUntilUse, secondsKept }: { secondsUntilUse: number; secondsKept: number },
): Promise<Rotation> {
  return inTransaction(
    input.pool,
    async (tx) => {
      await run(tx, LOCK);
      await run(tx, FORGET);
      const { kid, signsFrom } = await insert(tx, input, { secondsUntilUse });
      const retired = await run(tx, RETIRE, [kid, secondsUntilUse + secondsKept]);
      const replaced = retired.map((row) => ({ kid: row.kid, publishedUntil: row.retired_at }));
      return { kid, signsFrom, replaced };
    },
    { patient: true },
  );
}

async function insert(
  tx: Db,
  { vault, aadOf }: SigningKeysInput,
  { secondsUntilUse }: { secondsUntilUse: number },
): Promise<{ kid: string; signsFrom: Date }> {
  const { kid, alg, privateJwk } = generateSigningKey();
  const encrypted = vault.encrypt(JSON.stringify(privateJwk), aadOf(kid));
  const row = await runOne(tx, INSERT, [kid, alg, encrypted, secondsUntilUse]);
  if (row === null) throw new Error('an insert returns its row');
  return { kid, signsFrom: row.use_from };
}

async function read(db: Db, { vault, aadOf }: SigningKeysInput): Promise<SigningKeys> {
  const rows = await run(db, FIND);
  const all = rows.map(({ kid, sealed }): SigningKey => signingKeyOf(JSON.parse(vault.decrypt(sealed, aadOf(kid)))));
  const current = all[rows.findIndex(({ usable }) => usable)];
  if (current === undefined) throw new Error('There is no signing key that may be used now.');
  return { current, all };
}

/** The column with the private signing keys. */
export const signingKeyColumn = (aadOf: (kid: string) => string): EncryptedColumn => ({
  table: 'signing_key',
  column: 'sealed',
  key: ['kid'],
  aad: ({ kid }) => aadOf(String(kid)),
});
