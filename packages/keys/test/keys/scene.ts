import { afterAll, beforeAll } from '@jest/globals';
import { createInstance, type Embedded, type Instance, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { keptSecretColumn, keyMigrations, openVault, type EncryptedColumn, signingKeyColumn } from '../../src/index.ts';

let server: Embedded;
let instance: Instance;
export let pool: Pool;
export const [OLD, NEW, OTHER] = [1, 2, 3].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer, Buffer];
export const aadOf = (kid: string) => `signing_key|${kid}`;

export const chest: EncryptedColumn = {
  table: 'chest',
  column: 'gold',
  key: ['owner', 'n'],
  also: { city: '(select name from city t where t.owner = chest.owner)' },
  aad: ({ owner, n, city }) => `${String(owner)}|${String(n)}|${String(city)}`,
};

export const columns = [signingKeyColumn(aadOf), keptSecretColumn, chest];

/** Replaces the database by a new one. */
export async function fresh(): Promise<void> {
  await pool?.end();
  instance = await createInstance(server, { role: 'inn', dirs: [keyMigrations], apply: applyMigrations });
  pool = openPool({ url: instance.url, name: 'test' });
  await pool.query(`
    create table signing_key (kid text primary key, alg text not null, sealed bytea not null,
      created_at timestamptz(3) not null default now(), use_from timestamptz(3), retired_at timestamptz(3));
    create table city (owner text primary key, name text);
    create table chest (owner text, n int, gold bytea, primary key (owner, n));
    insert into city values ('ada', 'York'), ('bob', 'Hull')`);
}

export const open = (encryptionKey: Buffer, ...previousEncryptionKeys: Buffer[]) =>
  openVault({ pool, config: { encryptionKey, previousEncryptionKeys }, label: 'inn', columns });

export function scene(): void {
  beforeAll(async () => {
    server = await sharedEmbedded();
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });
}
