import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createInstance, type Embedded, startEmbedded } from '@chatelaine/dev-postgres';
import pg from 'pg';
import { applyMigrations } from '../src/index.ts';

let server: Embedded;
let url: string;
let folder: string;

beforeAll(async () => {
  server = await startEmbedded();
});
afterAll(() => server.stop());
beforeEach(async () => {
  ({ url } = await createInstance(server, { role: 'deployment', apply: applyMigrations }));
  folder = await mkdtemp(path.join(os.tmpdir(), 'migrations-'));
  return () => rm(folder, { recursive: true });
});

async function write(name: string, sql: string, dir = folder): Promise<void> {
  await mkdir(path.join(dir, name), { recursive: true });
  await writeFile(path.join(dir, name, 'migration.sql'), sql);
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('applyMigrations', () => {
  test('applies the union of several folders in order of the names, once', async () => {
    const other = path.join(folder, 'other');
    const own = path.join(folder, 'own');
    await write('20260101000000_room', 'create table room (id text primary key)', other);
    await write('20260102000000_door', 'create table door (room text references room)', own);
    await write('20260103000000_lock', 'alter table door add column lock text', other);
    expect(await applyMigrations(url, [own, other])).toEqual([
      '20260101000000_room',
      '20260102000000_door',
      '20260103000000_lock',
    ]);
    expect(await applyMigrations(url, [own, other])).toEqual([]);
    expect(await query('select room, lock from deployment.door')).toEqual([]);
  });

  test('takes a pool as well as a URL', async () => {
    await write('1_room', 'create table room (id text)');
    const pool = new pg.Pool({ connectionString: url });
    expect(await applyMigrations(pool, [folder])).toEqual(['1_room']);
    await pool.end();
    expect(await query('select count(*)::int as n from deployment.room')).toEqual([{ n: 0 }]);
  });

  test('runs function bodies with semicolons whole', async () => {
    await write(
      '1_fn',
      `create function f() returns int language plpgsql as $$ begin perform 1; return 2; end $$; create table t
        (a text default 'x;y');`,
    );
    await applyMigrations(url, [folder]);
    expect(await query('select f() as f')).toEqual([{ f: 2 }]);
  });

  test('two processes starting at once apply each migration exactly once', async () => {
    for (let n = 10; n < 20; n++) await write(`${n}_step`, `create table t${n} (id int)`);
    const answers = await Promise.all([1, 2, 3, 4].map(() => applyMigrations(url, [folder])));
    expect(answers.flat().toSorted()).toEqual(Array.from({ length: 10 }, (_, n) => `${n + 10}_step`));
    expect(await query('select count(*)::int as n from _prisma_migrations')).toEqual([{ n: 10 }]);
  });

  test('a migration edited after it was applied is refused by name, and nothing later is applied', async () => {
    await write('1_room', 'create table room (id text)');
    await applyMigrations(url, [folder]);
    await write('1_room', 'create table room (id text, colour text)');
    await write('2_door', 'create table door (id text)');
    await expect(applyMigrations(url, [folder])).rejects.toThrow('1_room was edited after it was applied');
    expect(await query("select to_regclass('door') as door")).toEqual([{ door: null }]);
  });

  test('a failing migration leaves nothing of itself behind and is tried again next time', async () => {
    await write('1_room', 'create table room (id text)');
    await write('2_bad', 'create table partial (id text); insert into nowhere values (1)');
    await expect(applyMigrations(url, [folder])).rejects.toThrow(/2_bad failed: relation "nowhere" does not exist/);
    expect(await query("select to_regclass('partial') as partial, to_regclass('room')::text as room")).toEqual([
      { partial: null, room: 'room' },
    ]);
    await write('2_bad', 'create table partial (id text)');
    expect(await applyMigrations(url, [folder])).toEqual(['2_bad']);
  });

  test('a migration that another tool left unfinished is refused', async () => {
    await write('1_room', 'create table room (id text)');
    await applyMigrations(url, [folder]);
    await query('update _prisma_migrations set finished_at = null');
    await expect(applyMigrations(url, [folder])).rejects.toThrow('1_room was begun by another tool and never finished');
  });

  test('the same name in two folders, and a folder without its file, are refused', async () => {
    const other = path.join(folder, 'other');
    const own = path.join(folder, 'own');
    await write('1_room', 'select 1', other);
    await write('1_room', 'select 2', own);
    await expect(applyMigrations(url, [own, other])).rejects.toThrow('1_room is in more than one of the folders');
    await mkdir(path.join(own, '2_empty'));
    await expect(applyMigrations(url, [own])).rejects.toThrow('2_empty');
  });
});
