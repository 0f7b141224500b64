import { randomBytes } from 'node:crypto';
import type { Vault } from '@chatelaine/crypto';
import { z } from 'zod';
import { type Db, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import { keptSecretAad } from './kept-secret.ts';
import { FIND, INSERT, LOCK, UPDATE } from './sql/kept-secret.ts';

export interface RefreshKey {
  /** Stored with each token that was derived with the key. */
  readonly id: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/**
 * The keys from which rotated refresh tokens are derived, as far as {@link RefreshKeys.refresh} has read them from the
 * database.
 */
export interface RefreshKeys {
  readonly current: RefreshKey;
  /** Finds a key, also one that another process has generated; null if it has been deleted. */
  find(id: number): Promise<Uint8Array | null>;
  /** Reads the keys again; if that fails, the known ones remain. */
  refresh(): Promise<void>;
}

const NAME = 'refresh_keys';
/**
 * A replaced key is needed for as long as a token derived with it may be requested again, which is minutes. A day
 * leaves a large margin.
 */
const KEPT_AFTER_USE_SECONDS = 86_400;

const storedSchema = z.array(z.object({ id: z.number().int(), key: z.string(), replacedAt: z.number().nullable() }));
type Stored = z.infer<typeof storedSchema>;
type Parts = { readonly pool: Pool; readonly vault: Vault };

/**
 * Opens the keys, which are encrypted so that they survive a change of ENCRYPTION_KEY. The first process generates one.
 */
export async function openRefreshKeys(parts: Parts): Promise<RefreshKeys> {
  const first: Stored = [{ id: 1, key: newKey(), replacedAt: null }];
  await run(parts.pool, INSERT, [NAME, encrypt(parts.vault, first)]);
  let keys = await read(parts);
  const find = (id: number): RefreshKey | undefined => keys.find((one) => one.id === id);
  return {
    get current() {
      return currentOf(keys);
    },
    async find(id) {
      const known = find(id);
      if (known !== undefined) return known.key;
      keys = await read(parts);
      return find(id)?.key ?? null;
    },
    async refresh() {
      keys = await read(parts);
    },
  };
}

/**
 * Generates a new key, which every process uses within half a minute, and returns its id. Earlier keys are kept for the
 * tokens that were derived with them.
 */
export async function replaceRefreshKey({ pool, vault }: Parts): Promise<number> {
  return inTransaction(
    pool,
    async (tx) => {
      const row = await runOne(tx, LOCK, [NAME]);
      const stored = row === null ? [] : decrypt(vault, row.sealed);
      const now = Date.now() / 1000;
      const id = Math.max(0, ...stored.map((one) => one.id)) + 1;
      const kept = stored
        .map((one) => ({ ...one, replacedAt: one.replacedAt ?? now }))
        .filter((one) => one.replacedAt > now - KEPT_AFTER_USE_SECONDS);
      const encrypted = encrypt(vault, [...kept, { id, key: newKey(), replacedAt: null }]);
      await run(tx, row === null ? INSERT : UPDATE, [NAME, encrypted]);
      return id;
    },
    { patient: true },
  );
}

async function read({ pool, vault }: { pool: Db; vault: Vault }): Promise<readonly RefreshKey[]> {
  const row = await runOne(pool, FIND, [NAME]);
  if (row === null) throw new Error('the keys of refresh tokens were just written');
  return decrypt(vault, row.sealed).map(({ id, key }) => ({ id, key: Buffer.from(key, 'base64url') }));
}

function currentOf(keys: readonly RefreshKey[]): RefreshKey {
  const last = keys.toSorted((one, other) => other.id - one.id)[0];
  if (last === undefined) throw new Error('There is no key for refresh tokens.');
  return last;
}

const decrypt = (vault: Vault, encrypted: Buffer): Stored =>
  storedSchema.parse(JSON.parse(vault.decrypt(encrypted, keptSecretAad(NAME))));
const encrypt = (vault: Vault, keys: Stored): Buffer => vault.encrypt(JSON.stringify(keys), keptSecretAad(NAME));
const newKey = (): string => randomBytes(32).toString('base64url');
