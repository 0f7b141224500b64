import { createTestDatabase, type TestDatabase } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { runCli } from '@chatelaine/service-kit';
import { commands } from '../../src/cli/commands.ts';
import type { Config } from '../../src/config.ts';
import { migrationDirs } from '../../src/resources.ts';
import type { TestDeployment } from './deployment.ts';

export interface Said {
  readonly code: number;
  readonly lines: readonly string[];
  readonly text: string;
}

/** A command as somebody types it who runs the deployment's AM. */
export async function chatelaine(
  deployment: TestDeployment,
  line: string,
  config: Partial<Config> = {},
): Promise<Said> {
  const lines: string[] = [];
  const take = (text: string) => void lines.push(text);
  const argv = line.split(' ').filter((word) => word !== '');
  const code = await runCli(
    { name: 'chatelaine', argv, commands: commands(() => ({ ...deployment.config, ...config })) },
    { out: take, problem: take },
  );
  return { code, lines, text: lines.join('\n') };
}

/** Restores a backup of the AM's schema, the rows alone, into a new database. */
export async function restoredElsewhere(deployment: TestDeployment): Promise<TestDatabase> {
  const instances = [{ role: 'am', dirs: [...migrationDirs] }];
  const copy = await createTestDatabase(deployment.embedded, { instances, apply: applyMigrations });
  const url = deployment.embedded.url('postgres', copy.database);
  const into = openPool({ url, name: 'restore', max: 1 });
  // as pg_restore does it: no triggers and no foreign keys while rows come in any order
  await into.query('set session_replication_role = replica');
  await into.query('set search_path = am');
  const tables = await deployment.rows<{ name: string }>(
    // rows of a partitioned table go where they belong; an unlogged table is empty after a crash, too
    `select c.relname as name from pg_class c
     where c.relnamespace = 'am'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relpersistence = 'p' and c.relname <> '_prisma_migrations'`,
  );
  // a migration may have put rows there
  await into.query(`truncate ${tables.map(({ name }) => `"${name}"`).join(', ')}`);
  for (const { name } of tables) {
    // as text: numbers of 64 bits are more than a number of JavaScript holds
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
 * Asks again and again on several processes at once, until told to end and some were answered; the answers that were
 * not 200.
 */
export function traffic(ask: () => readonly Promise<{ readonly status: number; readonly text: string }>[]): {
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
