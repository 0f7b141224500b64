import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '@chatelaine/test-kit';
import pg from 'pg';
import {
  asSuperuser,
  createInstance,
  createTestDatabase,
  type Embedded,
  provision,
  startEmbedded,
} from '../src/index.ts';

let server: Embedded;
beforeAll(async () => {
  server = await startEmbedded();
});
afterAll(() => server.stop());

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const noMigrations = () => Promise.resolve();

describe('the embedded server', () => {
  test('keeps what was acknowledged through a crash', async () => {
    const url = server.url('postgres');
    await query(url, 'create table kept (n int)');
    await query(url, 'insert into kept values (7)');
    await server.crash();
    await expect(query(url, 'select 1')).rejects.toThrow();
    await server.restart();
    expect(await query(url, 'select n from kept')).toEqual([{ n: 7 }]);
  });

  test('with a data directory it comes back with its data, written durably', async () => {
    const parent = mkdtempSync(path.join(os.tmpdir(), 'deployment-'));
    const dataDir = path.join(parent, 'deeper', 'postgres');
    if (process.getuid?.() === 0) execFileSync('chmod', ['0755', parent]);
    const first = await startEmbedded({ dataDir });
    await query(first.url('postgres'), 'create table kept (n int)');
    await first.stop();
    const second = await startEmbedded({ dataDir, port: first.port });
    expect(await query(second.url('postgres'), 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
    expect(await query(second.url('postgres'), 'show fsync')).toEqual([{ fsync: 'on' }]);
    await second.stop();
    expect(existsSync(dataDir)).toBe(true);
    rmSync(parent, { recursive: true });
  });

  test('a port in use is an error that says so, and leaves nothing running', async () => {
    await expect(startEmbedded({ port: server.port })).rejects.toThrow(
      /did not start on port[^]*(could not bind|in use)/i,
    );
  });

  test('a port that somebody else takes before the server listens is replaced by another', async () => {
    const ports = [server.port, await freePort()];
    const other = await startEmbedded({ choosePort: async () => ports.shift() ?? 0 });
    expect([other.port === server.port, ports]).toEqual([false, []]);
    expect(await query(other.url('postgres'), 'select 1 as n')).toEqual([{ n: 1 }]);
    await other.stop();
  });

  test('whatever else keeps it from starting is told at once, also where the port was not asked for', async () => {
    let chosen = 0;
    const choosePort = async (): Promise<number> => (++chosen, 99_999);
    await expect(startEmbedded({ choosePort })).rejects.toThrow(
      /did not start on port 99999[^]*outside the valid range/,
    );
    expect(chosen).toBe(1);
  });

  test('ends with the process that started it, even when that is killed', async () => {
    const script =
      `import { startEmbedded } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}; ` +
      'const s = await startEmbedded(); console.log(s.port); setInterval(() => {}, 1000);';
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const port = await new Promise<number>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
    );
    const connection = net.connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => connection.once('close', resolve).once('error', () => undefined));
    await new Promise((resolve) => connection.once('connect', resolve));
    child.kill('SIGKILL');
    await closed; // the server let go of us: it is going down
  });
});

describe('instances', () => {
  test('a role works in its own schemas and reads nobody else’s', async () => {
    const database = await createTestDatabase(server, {
      instances: [{ role: 'am' }, { role: 'photos' }],
      apply: noMigrations,
    });
    await query(database.url('am'), 'create table secret (id int); create table am_jobs.job (id int)');
    expect(await query(database.url('am'), 'select current_schema as s')).toEqual([{ s: 'am' }]);
    await expect(query(database.url('photos'), 'select * from am.secret')).rejects.toThrow('permission denied');
    await expect(query(database.url('photos'), 'create table public.t (id int)')).rejects.toThrow('permission denied');
  });

  test('the migrations run once per set of migrations; later databases are copies and independent', async () => {
    const runs: string[] = [];
    const dirs = [mkdtempSync(path.join(os.tmpdir(), 'none-'))];
    const apply = async (url: string) => {
      runs.push(url);
      await query(url, 'create table visit (n int)');
    };
    const [a, b] = await Promise.all([
      createInstance(server, { role: 'am', dirs, apply }),
      createInstance(server, { role: 'am', dirs, apply }),
    ]);
    await query(a.url, 'insert into visit values (1)');
    expect(await query(b.url, 'select count(*)::int as n from visit')).toEqual([{ n: 0 }]);
    expect(runs).toHaveLength(1);
    await a.drop();
    await expect(query(a.url, 'select 1')).rejects.toThrow('does not exist');
  });

  test('provisioning is repeatable, side by side too, and keeps the data', async () => {
    const input = { database: 'deployment', roles: ['am', 'calendar'] };
    await provision(server, input);
    await query(server.url('am', 'deployment'), 'create table kept (n int)');
    await Promise.all([provision(server, input), provision(server, input)]);
    expect(await query(server.url('am', 'deployment'), 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
    await asSuperuser(server, ['drop database deployment']);
  });
});
