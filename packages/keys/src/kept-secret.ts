import type { Vault } from '@chatelaine/crypto';
import { type Db, type Pool, run, runOne } from '@chatelaine/postgres';
import type { EncryptedColumn } from './encrypted-columns-store.ts';
import { FIND, INSERT, REPLACE } from './sql/kept-secret.ts';

/** The database that holds secrets, and the vault that decrypts them. */
export interface KeptIn<Database extends Db = Pool> {
  readonly pool: Database;
  readonly vault: Vault;
}

/** The AAD of one of the service's own secrets. */
export const keptSecretAad = (name: string): string => `kept_secret|${name}`;

/** The column with the service's own secrets. */
export const keptSecretColumn: EncryptedColumn = {
  table: 'kept_secret',
  column: 'sealed',
  key: ['name'],
  aad: ({ name }) => keptSecretAad(String(name)),
};

/**
 * Returns one of the service's own secrets, which is encrypted so that it survives a change of ENCRYPTION_KEY. If it
 * does not exist yet it becomes `drawn`; of several processes the first decides, and all get the same.
 */
export async function keepSecret({ pool, vault }: KeptIn, name: string, drawn: string): Promise<string> {
  await run(pool, INSERT, [name, vault.encrypt(drawn, keptSecretAad(name))]);
  return knownSecret({ pool, vault }, name);
}

/** A secret that is known to exist, as it is now. */
export async function knownSecret(parts: KeptIn<Db>, name: string): Promise<string> {
  const secret = await findSecret(parts, name);
  if (secret === null) throw new Error(`the secret ${name} was just written`);
  return secret;
}

/** A secret if it exists already; otherwise null. */
export async function findSecret({ pool, vault }: KeptIn<Db>, name: string): Promise<string | null> {
  const row = await runOne(pool, FIND, [name]);
  return row === null ? null : vault.decrypt(row.sealed, keptSecretAad(name));
}

/** Replaces a secret. */
export async function replaceSecret({ pool, vault }: KeptIn, name: string, drawn: string): Promise<void> {
  await run(pool, REPLACE, [name, vault.encrypt(drawn, keptSecretAad(name))]);
}
