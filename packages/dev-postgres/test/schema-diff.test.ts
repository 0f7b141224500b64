import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { createInstance, type Embedded, schemaDiff, startEmbedded } from '../src/index.ts';

const ROOM = `model room {
  id     String   @id
  colour Bytes
  doors  door[]
  built  DateTime @db.Timestamptz(6)
}`;
const DOOR = `model door {
  id   Int    @id @default(autoincrement())
  room String
  of   room   @relation(fields: [room], references: [id], onDelete: Cascade)

  @@index([room])
}`;
const ROOM_SQL = `create table room (id text not null, colour bytea not null, built timestamptz(6) not null,
    constraint room_pkey primary key (id));`;
const DOOR_SQL = `create table door (id serial not null, room text not null, constraint door_pkey primary key (id));
create index door_room_idx on door (room);
alter table door add constraint door_room_fkey foreign key (room) references room (id) on delete cascade
  on update cascade;
create function noise() returns void language plpgsql as $$ begin perform 1; perform 2; end $$;`;

let server: Embedded;
let folder: string;
let schemaFiles: string[];
let migrationDirs: string[];

beforeAll(async () => {
  server = await startEmbedded();
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'schema-'));
  schemaFiles = [path.join(folder, 'room.prisma'), path.join(folder, 'door.prisma')];
  migrationDirs = [path.join(folder, 'b'), path.join(folder, 'a')];
  await writeFile(path.join(folder, 'room.prisma'), ROOM);
  await writeFile(path.join(folder, 'door.prisma'), DOOR);
  await migration('a/1_room', ROOM_SQL);
  await migration('b/2_door', DOOR_SQL);
  return () => rm(folder, { recursive: true });
});

async function migration(name: string, sql: string): Promise<void> {
  await mkdir(path.join(folder, name), { recursive: true });
  await writeFile(path.join(folder, name, 'migration.sql'), sql);
}

describe('schemaDiff', () => {
  const url = () => server.url('postgres');

  test('several files and several migration folders that agree make no difference', async () => {
    expect(await schemaDiff({ url: url(), schemaFiles, migrationDirs })).toBeNull();
  });

  test('a column the migrations lack comes back as the SQL that adds it', async () => {
    await writeFile(path.join(folder, 'room.prisma'), ROOM.replace('@id', '@id\n  floor Int'));
    expect(await schemaDiff({ url: url(), schemaFiles, migrationDirs })).toMatch(
      /ALTER TABLE "room" ADD COLUMN\s+"floor" INTEGER NOT NULL/,
    );
  });

  test('a column the schema lacks comes back as the SQL that drops it', async () => {
    await migration('b/3_more', 'alter table door add column lock text');
    expect(await schemaDiff({ url: url(), schemaFiles, migrationDirs })).toContain('DROP COLUMN "lock"');
  });

  test('a migration that does not run is an error, not "no difference"', async () => {
    await migration('b/3_bad', 'alter table nowhere add column lock text');
    await expect(schemaDiff({ url: url(), schemaFiles, migrationDirs })).rejects.toThrow(/3_bad|nowhere/);
  });

  test('a live schema is compared whatever its name, without the table of migrations', async () => {
    const instance = await createInstance(server, { role: 'am', apply: () => Promise.resolve() });
    const client = new pg.Client({ connectionString: instance.url });
    await client.connect();
    await client.query(`create table _prisma_migrations (id text primary key); ${ROOM_SQL} ${DOOR_SQL}`);
    const live = { url: instance.url, schema: 'am' };
    expect(await schemaDiff({ url: url(), schemaFiles, live })).toBeNull();
    await client.query('alter table room drop column colour');
    expect(await schemaDiff({ url: url(), schemaFiles, live })).toContain('ADD COLUMN     "colour" BYTEA NOT NULL');
    await client.end();
  });

  test('leaves no shadow database behind', async () => {
    await schemaDiff({ url: url(), schemaFiles, migrationDirs });
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    expect((await client.query("select datname from pg_database where datname like 'shadow%'")).rows).toEqual([]);
    await client.end();
  });
});
