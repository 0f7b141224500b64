import type { Vault } from '@chatelaine/crypto';
import { type Db, type Pool, run, runOne } from '@chatelaine/postgres';
import type { SealedPlace } from './sealed-places-store.ts';
import { FIND, INSERT, REPLACE } from './sql/kept-secret.ts';

/** Where a secret is kept, and what opens it. */
export interface KeptIn<Database extends Db = Pool> {
  readonly pool: Database;
  readonly vault: Vault;
}

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
 * A secret of the service's own, kept sealed so that it outlives a change of ENCRYPTION_KEY: what the first process has
 * `drawn`, for all of them.
 */
export async function keepSecret({ pool, vault }: KeptIn, name: string, drawn: string): Promise<string> {
  await run(pool, INSERT, [name, vault.seal(drawn, placeOfKeptSecret(name))]);
  return knownSecret({ pool, vault }, name);
}

/** The secret as it is now; it was kept before. */
export async function knownSecret(parts: KeptIn<Db>, name: string): Promise<string> {
  const secret = await findSecret(parts, name);
  if (secret === null) throw new Error(`the secret ${name} was just written`);
  return secret;
}

/** The same, for who only looks: null where none was drawn yet. */
export async function findSecret({ pool, vault }: KeptIn<Db>, name: string): Promise<string | null> {
  const row = await runOne(pool, FIND, [name]);
  return row === null ? null : vault.open(row.sealed, placeOfKeptSecret(name));
}

/** Another takes its place. */
export async function replaceSecret({ pool, vault }: KeptIn, name: string, drawn: string): Promise<void> {
  await run(pool, REPLACE, [name, vault.seal(drawn, placeOfKeptSecret(name))]);
}
