import { createTestDatabase, type TestDatabase } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { runCli } from '@chatelaine/service-kit';
import { commands } from '../../src/cli/commands.ts';
import type { Config } from '../../src/config.ts';
import { migrationDirs } from '../../src/resources.ts';
import type { TestDeployment } from './deployment.ts';

export interface CommandOutput {
  readonly code: number;
  readonly lines: readonly string[];
  readonly text: string;
}

/** Runs a command as the operator of the deployment would type it. */
export async function chatelaine(
  deployment: TestDeployment,
  line: string,
  config: Partial<Config> = {},
): Promise<CommandOutput> {
  const lines: string[] = [];
  const take = (text: string) => void lines.push(text);
  const argv = line.split(' ').filter((word) => word !== '');
  const code = await runCli(
    { name: 'chatelaine', argv, commands: commands(() => ({ ...deployment.config, ...config })) },
    { out: take, problem: take },
  );
  return { code, lines, text: lines.join('\n') };
}

/** Restores a backup of the AM's schema, only its rows, into a new database. */
export async function restoreIntoNewDatabase(deployment: TestDeployment): Promise<TestDatabase> {
  const instances = [{ role: 'am', dirs: [...migrationDirs] }];
  const copy = await createTestDatabase(deployment.embedded, { instances, apply: applyMigrations });
  const url = deployment.embedded.url('postgres', copy.database);
  const into = openPool({ url, name: 'restore', max: 1 });
  // like pg_restore: without triggers and foreign keys, since rows come in any order
  await into.query('set session_replication_role = replica');
  await into.query('set search_path = am');
  const tables = await deployment.rows<{ name: string }>(
    // rows of a partitioned table are routed to their partitions; an unlogged table is empty after a crash anyway
    `select c.relname as name from pg_class c
     where c.relnamespace = 'am'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relpersistence = 'p' and c.relname <> '_prisma_migrations'`,
  );
  // a migration may have inserted rows
  await into.query(`truncate ${tables.map(({ name }) => `"${name}"`).join(', ')}`);
  for (const { name } of tables) {
    // as text: a number of JavaScript cannot hold every 64-bit integer
    const rows = await deployment.rows<{ row: string }>(`select to_jsonb(t)::text as row from "${name}" t`);
    await into.query(
      `insert into "${name}" select (jsonb_populate_record(null::"${name}", r)).* from unnest($1::jsonb[]) r`,
      [rows.map(({ row }) => row)],
    );
  }
  await into.end();
  return copy;
}

const LEAST_ANSWERS = 6;

/**
 * Repeats requests to several processes at once, until `end` is called and a minimum of them was answered; resolves
 * with the answers that were not 200.
 */
export function repeatRequests(ask: () => readonly Promise<{ readonly status: number; readonly text: string }>[]): {
  end(): Promise<{ failures: readonly string[] }>;
} {
  const failures: string[] = [];
  let done = false;
  let count = 0;
  const running = (async () => {
    while (!done || count < LEAST_ANSWERS) {
      const answers = await Promise.all(ask());
      count += answers.length;
      failures.push(...answers.filter(({ status }) => status !== 200).map(({ text }) => text));
    }
  })();
  return {
    async end() {
      done = true;
      await running;
      return { failures };
    },
  };
}
