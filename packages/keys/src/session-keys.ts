import { hkdfSync, randomBytes } from 'node:crypto';
import type { Vault } from '@chatelaine/crypto';
import { type Pool, run, runOne } from '@chatelaine/postgres';
import type { SealedPlace } from './sealed-places-store.ts';
import { FIND, INSERT, REPLACE } from './sql/kept-secret.ts';

/** What signs cookies and forms. */
export interface SessionKeys {
  readonly form: string;
  readonly sessionCookie: string;
  readonly formToken: string;
}

const NAME = 'session_keys';
/** The authenticated data of a secret that the service keeps for itself. */
export const placeOfKeptSecret = (name: string): string => `kept_secret|${name}`;

/** Where the service's own secrets are sealed. */
export const keptSecretPlace: SealedPlace = {
  table: 'kept_secret',
  column: 'sealed',
  key: ['name'],
  place: ({ name }) => placeOfKeptSecret(String(name)),
};

/**
 * What signs cookies and forms, kept sealed so that it outlives a change of ENCRYPTION_KEY: nobody is signed out by
 * one. `seed` is what it is derived from the first time.
 */
export async function openSessionKeys({
  pool,
  vault,
  seed,
}: {
  pool: Pool;
  vault: Vault;
  seed: Uint8Array;
}): Promise<SessionKeys> {
  const made = JSON.stringify(sessionKeysOf(seed));
  await run(pool, INSERT, [NAME, vault.seal(made, placeOfKeptSecret(NAME))]);
  const row = await runOne(pool, FIND, [NAME]);
  if (row === null) throw new Error('the session keys were just written');
  return JSON.parse(vault.open(row.sealed, placeOfKeptSecret(NAME))) as SessionKeys;
}

/** New ones, for when somebody else has the old: everybody is signed out when the processes start again. */
export async function replaceSessionKeys({ pool, vault }: { pool: Pool; vault: Vault }): Promise<void> {
  const fresh = JSON.stringify(sessionKeysOf(randomBytes(32)));
  await run(pool, REPLACE, [NAME, vault.seal(fresh, placeOfKeptSecret(NAME))]);
}

/** From 32 bytes or more. */
export function sessionKeysOf(key: Uint8Array): SessionKeys {
  if (key.length < 32) throw new Error('The key of the sessions must have 32 bytes.');
  const subkey = (use: string): string =>
    Buffer.from(hkdfSync('sha256', key, '', `service-kit ${use}`, 32)).toString('base64url');
  return { form: subkey('form secret'), sessionCookie: subkey('session cookie'), formToken: subkey('form token') };
}
