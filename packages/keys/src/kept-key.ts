import { randomBytes } from 'node:crypto';
import type { Vault } from '@chatelaine/crypto';
import { type Pool, run, runOne } from '@chatelaine/postgres';
import { placeOfKeptSecret } from './session-keys.ts';
import { FIND, INSERT } from './sql/kept-secret.ts';

type Parts = { readonly pool: Pool; readonly vault: Vault };

/**
 * A key that is drawn once and kept sealed, so that it outlives a change of ENCRYPTION_KEY; the first process draws it.
 * 32 bytes.
 */
export async function openKeptKey(parts: Parts, name: string): Promise<Uint8Array> {
  const drawn = randomBytes(32).toString('base64url');
  await run(parts.pool, INSERT, [name, parts.vault.seal(drawn, placeOfKeptSecret(name))]);
  const key = await findKeptKey(parts, name);
  if (key === null) throw new Error(`the key ${name} was just written`);
  return key;
}

/** The same, for who only looks: null where none was drawn yet. */
export async function findKeptKey({ pool, vault }: Parts, name: string): Promise<Uint8Array | null> {
  const row = await runOne(pool, FIND, [name]);
  return row === null ? null : Buffer.from(vault.open(row.sealed, placeOfKeptSecret(name)), 'base64url');
}
