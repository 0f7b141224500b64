// `pnpm bench:mass`: one owner and one new Requester that wants to read something at 1, 10, 50 and 200 Hosts, once
// through the AM and once by plain OAuth at each Host, in one run. Writes bench/results/mass.md and docs/img/mass.svg.

import fs from 'node:fs';
import path from 'node:path';
import {
  addHost,
  type Constellation,
  freePorts,
  type Person,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { createTestDatabase, startEmbedded } from '@chatelaine/dev-postgres';
import pg from 'pg';
import { type Child, startChild } from './child.ts';
import { connectChained, openReader, type Reader } from './many-hosts/chained.ts';
import { drawChart } from './many-hosts/chart.ts';
import type { Effort } from './many-hosts/effort.ts';
import type { FarmHost } from './many-hosts/farm-host.ts';
import { connectPlainly } from './many-hosts/plainly.ts';
import { type ManyHostsLine, manyHostsReport } from './many-hosts/report.ts';
import { OIDC_TABLE } from './oidc-adapter.ts';

const HOSTS = [1, 10, 50, 200];
const MOST = Math.max(...HOSTS);
const root = path.join(import.meta.dirname, '../..');

const began = performance.now();
const postgres = await startEmbedded();
const names = Array.from({ length: MOST }, (_, index) => `host${index + 1}`);
const deployment = await startConstellation({
  hosts: [],
  requester: false,
  guests: [...HOSTS.map(readerName), ...names],
  label: 'bench-mass',
  logLevel: 'error',
  postgres,
  env: () => ({ HOSTS_ADDED_PER_HOUR: String(2 * MOST) }),
});
const places = await plan(deployment);
const farm = await openFarm(deployment, places);
try {
  const lines: ManyHostsLine[] = [];
  for (const hosts of HOSTS) lines.push(await compare(places.slice(0, hosts)));
  fs.writeFileSync(
    path.join(root, 'bench/results/mass.md'),
    manyHostsReport(lines, (performance.now() - began) / 1000),
  );
  fs.writeFileSync(path.join(root, 'docs/img/mass.svg'), drawChart(lines));
} finally {
  await farm.stop();
  await deployment.stop();
}

/** A new name each time. */
function readerName(hosts: number): string {
  return `reader${hosts}`;
}

async function plan({ guest }: Constellation): Promise<FarmHost[]> {
  const ports = await freePorts(MOST);
  return names.map((name, index) => {
    const port = ports[index] ?? 0;
    return { name, host: guest(name), plain: { port, url: `http://plain-${name}.localhost:${port}` } };
  });
}

async function openFarm({ am }: Constellation, all: readonly FarmHost[]): Promise<Child> {
  const instances = [{ role: 'farm' }, { role: 'plain' }];
  const database = await createTestDatabase(postgres, { instances, apply: async () => undefined });
  const client = new pg.Client({ connectionString: database.url('plain') });
  await client.connect();
  await client.query(OIDC_TABLE);
  await client.end();
  const child = startChild({
    main: path.join(import.meta.dirname, 'many-hosts/farm.ts'),
    env: {
      NODE_NO_WARNINGS: '1',
      DATABASE_URL: database.url('farm'),
      PLAIN_DATABASE_URL: database.url('plain'),
      AM_PORT: String(am.port),
      PLACES: JSON.stringify(
        all.map(({ name, host, plain }) => ({ name, plain, host: { port: host.port, url: host.url } })),
      ),
    },
  });
  await child.ready;
  progress(`${all.length} Hosts, twice`);
  return child;
}

async function compare(some: readonly FarmHost[]): Promise<ManyHostsLine> {
  const reader = await openReader(deployment, { name: readerName(some.length), places: some });
  const person = deployment.person({ username: `owner${some.length}`, stopsAt: [reader.redirectUri] });
  const linking = await linkAll(person, some);
  const chained = await measured('host', reader, () => connectChained(deployment, reader, { person, places: some }));
  await reader.close();
  progress(`${some.length}: through the AM`);
  const plain = await measured('plain', null, () => connectPlainly(deployment, some));
  progress(`${some.length}: plainly`);
  return { hosts: some.length, linking, chained, plain };
}

/** Links all Hosts, once for all Requesters to come. Returns the seconds it took. */
async function linkAll(person: Person, some: readonly FarmHost[]): Promise<number> {
  await signUp(person, deployment.am.url);
  const started = performance.now();
  for (const [index, { host }] of some.entries()) {
    await addHost(person, { am: deployment.am, host });
    if ((index + 1) % 50 === 0 || index + 1 === some.length) progress(`${index + 1} links`);
  }
  return (performance.now() - started) / 1000;
}

/** Adds the requests that the servers received to what the flow itself counted. */
async function measured(side: 'host' | 'plain', reader: Reader | null, flow: () => Promise<Effort>): Promise<Effort> {
  const served = async (): Promise<number> => (await farm.call<Record<string, number>>('counted'))[side] ?? 0;
  const before = (await served()) + (reader?.requests() ?? 0);
  const recording = deployment.record();
  const effort = await flow();
  recording.stop();
  const after = (await served()) + (reader?.requests() ?? 0);
  return { ...effort, requests: effort.requests + after - before + recording.exchanges.length };
}

function progress(done: string): void {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${done}\n`);
}
