import { generateSigningKey, type SigningKey, type SigningKeys, signingKeyOf, type Vault } from '@chatelaine/crypto';
import { LIFETIME } from '@chatelaine/protocol';
import { type Db, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import type { SealedPlace } from './sealed-places-store.ts';
import { FIND, FORGET, INSERT, LOCK, RETIRE } from './sql/signing-key.ts';

export interface SigningKeysInput {
  readonly pool: Pool;
  readonly vault: Vault;
  /** Names the place of a key's private half. */
  readonly placeOf: (kid: string) => string;
}

/** Keys that follow what is stored, once {@link KeyRing.refresh} is called now and then. */
export interface KeyRing extends SigningKeys {
  /** Reads the keys again; on failure those known stay. */
  refresh(): Promise<void>;
}

// whoever read our keys before a new one was among them reads them again before it signs: their cache, ours, and as
// much for safety
const PUBLISHED_BEFORE_USE_SECONDS = 2 * LIFETIME.documentCacheMin;
// what the old one signed, and what a process that has not read again still signs with it, is spent long before
const KEPT_AFTER_USE_SECONDS = 2 * LIFETIME.documentCacheMin;

/**
 * The signing keys of a service; the first process makes one, and processes starting together wait for it, so that all
 * sign with the same.
 *
 * @throws VaultError when a stored key does not open
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
  /** The keys that it takes the place of, and until when they are published. */
  readonly replaced: readonly { readonly kid: string; readonly publishedUntil: Date }[];
}

/**
 * Makes a new signing key. `in-turn`: published first, and used when every cache has it, the old one published until
 * all that it signed is spent. `at-once` is for a key that somebody else has: what it signed is worth nothing from now
 * on, and some requests fail until caches have the new one.
 */
export function rotateSigningKey(input: SigningKeysInput, how: 'in-turn' | 'at-once'): Promise<Rotation> {
  const secondsUntilUse = how === 'at-once' ? 0 : PUBLISHED_BEFORE_USE_SECONDS;
  return replaceSigningKey(input, { secondsUntilUse, secondsKept: how === 'at-once' ? 0 : KEPT_AFTER_USE_SECONDS });
}

/** The same with times of one's own. */
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
  { vault, placeOf }: SigningKeysInput,
  { secondsUntilUse }: { secondsUntilUse: number },
): Promise<{ kid: string; signsFrom: Date }> {
  const { kid, alg, privateJwk } = generateSigningKey();
  const sealed = vault.seal(JSON.stringify(privateJwk), placeOf(kid));
  const row = await runOne(tx, INSERT, [kid, alg, sealed, secondsUntilUse]);
  if (row === null) throw new Error('an insert returns its row');
  return { kid, signsFrom: row.use_from };
}

async function read(db: Db, { vault, placeOf }: SigningKeysInput): Promise<SigningKeys> {
  const rows = await run(db, FIND);
  const all = rows.map(({ kid, sealed }): SigningKey => signingKeyOf(JSON.parse(vault.open(sealed, placeOf(kid)))));
  const current = all[rows.findIndex(({ usable }) => usable)];
  if (current === undefined) throw new Error('There is no signing key that may be used now.');
  return { current, all };
}

/** Where the private halves are sealed. */
export const signingKeyPlace = (placeOf: (kid: string) => string): SealedPlace => ({
  table: 'signing_key',
  column: 'sealed',
  key: ['kid'],
  place: ({ kid }) => placeOf(String(kid)),
});
