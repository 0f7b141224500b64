import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { spend } from '@chatelaine/test-kit';
import pg from 'pg';
import type { Embedded } from './embedded.ts';

/**
 * Applies the union of several migration folders to the database at a URL: `applyMigrations` of `@chatelaine/postgres`.
 */
export type Apply = (url: string, dirs: string[]) => Promise<unknown>;

/**
 * One service in a database: its role, its schema of the same name, its `<role>_jobs` schema, and its migrations.
 */
export interface InstanceSpec {
  role: string;
  dirs?: string[];
}

/** A test's database. */
export interface TestDatabase {
  database: string;
  /** Connection URL of one of the roles, or of `postgres`. */
  url(role: string): string;
  /** Ends every connection to the database and deletes it. */
  drop(): Promise<void>;
}

/** Runs one statement after another as superuser. */
export async function asSuperuser(embedded: Embedded, statements: string[], database = 'postgres'): Promise<void> {
  const client = new pg.Client({ connectionString: embedded.url('postgres', database) });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}

/**
 * Makes sure that the database exists, and that each role has its two schemas in it and no access to others. May be
 * repeated; changes no table. For the database of `npm start`; tests use `createTestDatabase`.
 */
export async function provision(embedded: Embedded, input: { database: string; roles: string[] }): Promise<void> {
  const client = new pg.Client({ connectionString: embedded.url('postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [input.database]);
    if (rowCount === 0) await client.query(`create database ${quote(input.database)}`);
  } finally {
    await client.end();
  }
  await asSuperuser(embedded, input.roles.flatMap(roleStatements), input.database);
}

function roleStatements(role: string): string[] {
  const name = quote(role);
  const jobs = quote(`${role}_jobs`);
  return [
    // roles belong to the whole server, and several test databases may need `am`
    `do $$ begin create role ${name} login; exception when duplicate_object or unique_violation then null; end $$`,
    `create schema if not exists ${name} authorization ${name}`,
    `create schema if not exists ${jobs} authorization ${name}`,
    `do $$ begin perform pg_advisory_xact_lock(1); if not exists (select from pg_roles
      where rolname = '${role}' and rolconfig @> array['search_path=${role}'])
       then alter role ${name} set search_path = ${name}; end if; end $$`,
  ];
}

/** Names of the templates of each server, by their contents. */
const templates = new WeakMap<Embedded, Map<string, Promise<string>>>();
/** Names of the databases that were made through each value and still exist. */
const databases = new WeakMap<Embedded, Set<string>>();

/** Makes both use the same templates. They must be one server. */
export function shareTemplates(one: Embedded, other: Embedded): void {
  const shared = templates.get(other) ?? new Map<string, Promise<string>>();
  templates.set(other, shared);
  templates.set(one, shared);
}

/** Drops each database that `createTestDatabase` made through this value and that was not dropped. */
export async function dropDatabasesOf(embedded: Embedded): Promise<void> {
  const left = [...(databases.get(embedded) ?? [])];
  databases.delete(embedded);
  for (const name of left) await dropDatabase(embedded, name);
}

/** Postgres' SQLSTATE when there are connections to the database. */
const OBJECT_IN_USE = '55006';

/**
 * Waits for connections that are being closed: if one were terminated instead, nothing would handle its error, and the
 * process would end.
 */
async function dropDatabase(embedded: Embedded, name: string): Promise<void> {
  const sql = `drop database if exists ${quote(name)}`;
  try {
    await asSuperuser(embedded, [sql]); // waits for up to 5 s
  } catch (error) {
    if ((error as { code?: string }).code !== OBJECT_IN_USE) throw error;
    await asSuperuser(embedded, [`${sql} with (force)`]);
  }
}

/**
 * A new database for the given services, with their migrations applied. The first call for a set of services and
 * migrations makes a template; later ones copy it, which takes about 30 ms. `apply` is `applyMigrations` of
 * `@chatelaine/postgres`, passed in because that package's tests use this one.
 */
export async function createTestDatabase(
  embedded: Embedded,
  input: { instances: InstanceSpec[]; apply: Apply },
): Promise<TestDatabase> {
  const known = templates.get(embedded) ?? new Map<string, Promise<string>>();
  templates.set(embedded, known);
  const key = fingerprint(input.instances);
  const makeIt = () => makeTemplate(embedded, { ...input, name: `template_${key.slice(0, 16)}` });
  const template = known.get(key) ?? spend('migrations', makeIt);
  known.set(key, template);
  const database = `test_${randomBytes(8).toString('hex')}`;
  await asSuperuser(embedded, [`create database ${quote(database)} template ${quote(await template)}`]);
  const made = databases.get(embedded) ?? new Set();
  databases.set(embedded, made.add(database));
  return {
    database,
    url: (role) => embedded.url(role, database),
    async drop() {
      made.delete(database);
      await dropDatabase(embedded, database);
    },
  };
}

/** A new database for one service. */
export interface Instance {
  url: string;
  drop(): Promise<void>;
}

/** `createTestDatabase` for one service. */
export async function createInstance(
  embedded: Embedded,
  input: { role: string; dirs?: string[]; apply: Apply },
): Promise<Instance> {
  const { role, apply, dirs = [] } = input;
  const database = await createTestDatabase(embedded, { instances: [{ role, dirs }], apply });
  return { url: database.url(role), drop: database.drop };
}

async function makeTemplate(
  embedded: Embedded,
  input: { name: string; instances: InstanceSpec[]; apply: Apply },
): Promise<string> {
  const { name, instances, apply } = input;
  await provision(embedded, { database: name, roles: instances.map(({ role }) => role) });
  for (const { role, dirs = [] } of instances) {
    if (dirs.length > 0) await apply(embedded.url(role, name), dirs);
  }
  return name;
}

/** A digest of a template's contents: roles, and the name and text of each migration. */
function fingerprint(instances: InstanceSpec[]): string {
  const hash = createHash('sha256');
  for (const { role, dirs = [] } of instances) {
    hash.update(`role ${role}\n`);
    for (const dir of dirs) {
      for (const { name, sql } of readMigrations([dir])) hash.update(`${name}\n${sql}\n`);
    }
  }
  return hash.digest('hex');
}

/** The union of several migration folders, sorted by name. */
export function readMigrations(dirs: string[]): { name: string; sql: string }[] {
  return dirs
    .flatMap((dir) => fs.readdirSync(dir).map((name) => ({ name, file: path.join(dir, name, 'migration.sql') })))
    .filter(({ file }) => fs.existsSync(file))
    .map(({ name, file }) => ({ name, sql: fs.readFileSync(file, 'utf8') }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function quote(identifier: string): string {
  // names come from tests and from our own start script, so odd ones are refused instead of being quoted
  if (!/^[a-z][a-z0-9_]{0,58}$/.test(identifier)) throw new Error(`Not a name for a role or database: ${identifier}`);
  return `"${identifier}"`;
}
