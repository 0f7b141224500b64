import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type { Deployment, Name } from './deployment.ts';
import { docker } from './docker.ts';

const DATABASE = ['-h', '/var/run/postgresql', '-d', 'chatelaine'];
const MIGRATIONS = '_prisma_migrations';

/** A copy of one service's schema. `rows`: the file has rows only, and `migrate` makes the tables. */
export interface Copy {
  readonly kind: 'pg_dump' | 'rows';
  readonly schema: Name;
  readonly file: string;
}

/** Runs a statement as the superuser; resolves with its rows, as psql prints them unaligned. */
export function sql(container: string, statement: string): Promise<string> {
  return docker('exec', '-u', 'postgres', container, 'psql', ...DATABASE, '-Atqc', statement);
}

/**
 * Backs up as docs/operations.md says, with the programs in the Postgres container. If its pg_dump is older than the
 * server, and so refuses, psql copies the rows of all tables instead, in one snapshot as well.
 */
export async function dumpSchema(deployment: Deployment, { schema, file }: Omit<Copy, 'kind'>): Promise<Copy> {
  const [container = ''] = await deployment.containers('postgres');
  const into = fs.openSync(file, 'w');
  const kind = (await canDumpServer(container)) ? 'pg_dump' : 'rows';
  if (kind === 'pg_dump') {
    const what = ['--schema', schema, '--no-unlogged-table-data', '--format', 'custom'];
    await run(['-u', 'postgres', container, 'pg_dump', ...DATABASE, ...what], ['ignore', into]);
  } else {
    const script = await copyScript(container, schema);
    await run(['-u', 'postgres', container, 'psql', ...DATABASE, '-Atq', ...script], ['ignore', into]);
  }
  fs.closeSync(into);
  return { kind, schema, file };
}

/** Restores into a database that has the role and its empty schemas, while no process of the service runs. */
export async function restore(deployment: Deployment, { kind, schema, file }: Copy): Promise<void> {
  const [container = ''] = await deployment.containers('postgres');
  const from = fs.openSync(file, 'r');
  if (kind === 'pg_dump') {
    const how = ['--clean', '--if-exists', '--single-transaction'];
    await run(['-i', '-u', 'postgres', container, 'pg_restore', ...DATABASE, ...how], [from, 'ignore']);
  } else {
    await deployment.compose(['run', '--rm', '--no-deps', '-T', schema, 'chatelaine', 'migrate']);
    const how = ['-v', 'ON_ERROR_STOP=1', '--single-transaction', '-f', '-'];
    await run(['-i', '-u', 'postgres', container, 'psql', ...DATABASE, '-q', ...how], [from, 'ignore']);
  }
  fs.closeSync(from);
}

async function canDumpServer(container: string): Promise<boolean> {
  const client = /\d+/.exec(await docker('exec', container, 'pg_dump', '--version'))?.[0];
  return Number(client) >= Math.floor(Number(await sql(container, 'show server_version_num')) / 10_000);
}

/** Arguments of psql that make it print a script which inserts the rows again, in any order. */
async function copyScript(container: string, schema: string): Promise<string[]> {
  // copying into a partitioned table routes each row to its partition; an unlogged table is empty after a crash, too
  const tables = await sql(
    container,
    `select relname from pg_class where relnamespace = '${schema}'::regnamespace and relkind in ('r', 'p')
      and relpersistence = 'p' and not relispartition and relname <> '${MIGRATIONS}'`,
  );
  const sequences = await sql(container, `select sequencename from pg_sequences where schemaname = '${schema}'`);
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  return [
    'begin isolation level repeatable read',
    String.raw`\echo set session_replication_role = replica;`,
    // a migration may have inserted rows
    `\\echo truncate ${lines(tables)
      .map((table) => `${schema}."${table}"`)
      .join(', ')};`,
    ...lines(tables).flatMap((table) => [
      `\\echo copy ${schema}."${table}" from stdin;`,
      `copy (select * from ${schema}."${table}") to stdout`,
      String.raw`\echo '\\.'`,
    ]),
    ...lines(sequences).map(
      (name) => `select format('select setval(%L, %s);', '${schema}.${name}', last_value) from ${schema}.${name}`,
    ),
  ].flatMap((command) => ['-c', command]);
}

async function run(args: readonly string[], [stdin, stdout]: readonly (number | 'ignore')[]): Promise<void> {
  const child = spawn('docker', ['exec', ...args], { stdio: [stdin, stdout, 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`docker exec ${args.join(' ').slice(0, 200)} ended with ${code}: ${said}`);
}
