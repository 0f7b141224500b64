import fs from 'node:fs';
import path from 'node:path';
import type { Constellation, DeployedService, ServiceProcess } from '@chatelaine/constellation';
import { eventually } from '@chatelaine/test-kit';

/** Every row of every table as text, with bytes in hexadecimal, as Postgres writes them. */
export async function dumpAll({ database }: Pick<Constellation, 'database'>): Promise<string> {
  const tables = await database.query<{ name: string }>(
    'postgres',
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  if (tables.length < 30) throw new Error(`There are no more tables than ${tables.length}.`);
  const parts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>('postgres', `select t::text as row from ${name} t`);
    parts.push(name, ...rows.map(({ row }) => row));
  }
  return parts.join('\n');
}

const REQUESTS_TO_SETTLE = 40;

/** Sends requests without secrets, which replace earlier ones in whatever keeps the latest few. */
export async function passTheTime({ fetch }: Pick<Constellation, 'fetch'>, { url }: DeployedService): Promise<void> {
  for (let request = 0; request < REQUESTS_TO_SETTLE; request++) {
    await fetch(`${url}/sign-in`);
    await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'none' }) });
  }
}

/** The environment that a process needs for {@link snapshot}. */
export const heapSnapshots = (folder: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
});

/** The heap of this process, as the text of a V8 heap snapshot. */
export async function snapshot(
  { fetch }: Pick<Constellation, 'fetch'>,
  input: { folder: string; service: DeployedService; process: ServiceProcess },
): Promise<Buffer> {
  const { folder, service, process } = input;
  const { name, pid } = process;
  if (pid === undefined) throw new Error(`${name} does not run.`);
  // Heap.<date>.<time>.<pid>.<thread>.<number>.heapsnapshot
  const files = () => fs.readdirSync(folder).filter((file) => file.split('.')[3] === String(pid));
  const before = new Set(files());
  globalThis.process.kill(pid, 'SIGUSR2');
  const begun = async () => files().find((file) => !before.has(file));
  const file = await eventually(begun, { until: (seen) => seen !== undefined });
  // the process answers nothing while it writes the snapshot
  if ((await fetch(`${service.url}/healthz`)).status !== 200) throw new Error(`${name} is not well.`);
  const text = fs.readFileSync(path.join(folder, file ?? ''));
  if (!text.subarray(-16).toString().trimEnd().endsWith(']}')) throw new Error('The snapshot is not whole.');
  return text;
}
