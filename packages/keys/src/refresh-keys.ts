import { randomBytes } from 'node:crypto';
import type { Vault } from '@chatelaine/crypto';
import { z } from 'zod';
import { type Db, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import { placeOfKeptSecret } from './kept-secret.ts';
import { FIND, INSERT, LOCK, UPDATE } from './sql/kept-secret.ts';

export interface RefreshKey {
  /** Kept beside what was derived with it. */
  readonly id: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/**
 * What rotated refresh tokens are derived with. They follow what is stored, once {@link RefreshKeys.refresh} is called
 * now and then.
 */
export interface RefreshKeys {
  readonly current: RefreshKey;
  /** One that another process made, too; null when it is no longer kept. */
  find(id: number): Promise<Uint8Array | null>;
  /** Reads the keys again; on failure those known stay. */
  refresh(): Promise<void>;
}

const NAME = 'refresh_keys';
/**
 * One that was replaced is needed for as long as a token that it gave may be asked for again: minutes. A day, so that
 * nobody has to count.
 */
const KEPT_AFTER_USE_SECONDS = 86_400;

const storedSchema = z.array(z.object({ id: z.number().int(), key: z.string(), replacedAt: z.number().nullable() }));
type Stored = z.infer<typeof storedSchema>;
type Parts = { readonly pool: Pool; readonly vault: Vault };

/** Opens the keys, kept sealed so that they outlive a change of ENCRYPTION_KEY; the first process makes one. */
export async function openRefreshKeys(parts: Parts): Promise<RefreshKeys> {
  const first: Stored = [{ id: 1, key: newKey(), replacedAt: null }];
  await run(parts.pool, INSERT, [NAME, seal(parts.vault, first)]);
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
 * Makes a new key, which every process uses within half a minute; those before it are kept for what they gave. Returns
 * its id.
 */
export async function replaceRefreshKey({ pool, vault }: Parts): Promise<number> {
  return inTransaction(
    pool,
    async (tx) => {
      const row = await runOne(tx, LOCK, [NAME]);
      const stored = row === null ? [] : opened(vault, row.sealed);
      const now = Date.now() / 1000;
      const id = Math.max(0, ...stored.map((one) => one.id)) + 1;
      const kept = stored
        .map((one) => ({ ...one, replacedAt: one.replacedAt ?? now }))
        .filter((one) => one.replacedAt > now - KEPT_AFTER_USE_SECONDS);
      const sealed = seal(vault, [...kept, { id, key: newKey(), replacedAt: null }]);
      await run(tx, row === null ? INSERT : UPDATE, [NAME, sealed]);
      return id;
    },
    { patient: true },
  );
}

async function read({ pool, vault }: { pool: Db; vault: Vault }): Promise<readonly RefreshKey[]> {
  const row = await runOne(pool, FIND, [NAME]);
  if (row === null) throw new Error('the keys of refresh tokens were just written');
  return opened(vault, row.sealed).map(({ id, key }) => ({ id, key: Buffer.from(key, 'base64url') }));
}

function currentOf(keys: readonly RefreshKey[]): RefreshKey {
  const last = keys.toSorted((one, other) => other.id - one.id)[0];
  if (last === undefined) throw new Error('There is no key for refresh tokens.');
  return last;
}

const opened = (vault: Vault, sealed: Buffer): Stored =>
  storedSchema.parse(JSON.parse(vault.open(sealed, placeOfKeptSecret(NAME))));
const seal = (vault: Vault, keys: Stored): Buffer => vault.seal(JSON.stringify(keys), placeOfKeptSecret(NAME));
const newKey = (): string => randomBytes(32).toString('base64url');
