// `npm start`: the whole deployment on this machine: Postgres, the AM, three Hosts, a bridge and a Requester as
// separate processes that talk only over HTTP, and for the bridge two services that know nothing of AMs. The first
// start makes a demo account through the services' own pages; then one real transfer is explained as it happens, and
// everything stays up until Ctrl-C.

import fs from 'node:fs';
import path from 'node:path';
import {
  createPerson,
  FLAVORS,
  type TestDeployment,
  type DeployedService,
  type Plan,
  planDeployment,
  startDeployment,
  takenPorts,
} from '@chatelaine/constellation';
import { provision, startEmbedded } from '@chatelaine/dev-postgres';
import { APP_SITE_PORT, startAppSite } from './start/app-site.ts';
import { PORTS } from './start/ports.ts';
import { postgresFolder } from './start/postgres-folder.ts';
import { loadSecrets, type Secrets } from './start/secrets.ts';
import { seed, type Parties } from './start/seed.ts';
import { seedApps } from './start/seed-apps.ts';
import { STAND_IN_PORTS, STAND_INS, type StandIns, startStandIns } from './start/stand-ins.ts';
import { traceTransfer } from './start/trace.ts';
import { root } from './workspace.ts';

const DATA = path.join(root, '.data');
const RUN = path.join(root, '.run');
const SERVICES_FILE = path.join(RUN, 'services.json');
/** The file by which `chatelaine doctor` finds this AM; services/am/src/cli/running-demo.ts. */
const AM_FILE = path.join(RUN, 'am.json');
/** Written when seeding is complete: from then on the data is the user's, and a start does not change it. */
const SEEDED_FILE = path.join(DATA, 'seeded');
const USERNAME = 'demo';
const APP_SITE = `http://apps.localhost:${APP_SITE_PORT}`;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());

try {
  await using open = new AsyncDisposableStack();
  await up(open);
  await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve, { once: true }));
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

function stop(): void {
  // the second Ctrl-C: whatever still runs ends with us, see keeper.ts
  if (stopping.signal.aborted) process.exit(1);
  console.log('\nStopping …');
  stopping.abort();
}

async function up(open: AsyncDisposableStack): Promise<void> {
  const watch = process.argv.includes('--watch');
  const plan = await planDeployment({ ams: 1, hosts: FLAVORS, bridges: 1, ports: PORTS });
  await refuseTakenPorts(plan);
  const secrets = loadSecrets(
    path.join(DATA, 'secrets.json'),
    plan.map(({ name }) => name),
  );
  open.defer(() => fs.rmSync(SERVICES_FILE, { force: true }));
  fs.rmSync(SERVICES_FILE, { force: true });

  console.log('Starting Postgres, the AM, three Hosts, a bridge and a Requester …');
  const began = performance.now();
  const standIns = await startStandIns({
    folder: path.join(DATA, 'stand-ins'),
    definitions: path.join(DATA, 'stand-ins', 'definitions'),
    bridge: plan.find(({ service }) => service === 'bridge')?.url ?? '',
    account: USERNAME,
    secret: secrets.name,
  });
  open.defer(() => standIns.close());
  const site = await startAppSite();
  open.defer(() => site.close());
  const deployment = await startAll({ plan, secrets, standIns, watch, open });
  console.log(`Started in ${((performance.now() - began) / 1_000).toFixed(0)} s.`);

  const parties = partiesOf(deployment);
  open.defer(() => fs.rmSync(AM_FILE, { force: true }));
  writePrivate(AM_FILE, { pid: process.pid, env: { ...parties.am.env, PORT: String(parties.am.port) } });
  const demo = createPerson({ username: USERNAME, password: secrets.password });
  open.defer(() => demo.close());
  const isFirst = !fs.existsSync(SEEDED_FILE);
  const say = (line: string) => console.log(`  ✓ ${line}`);
  if (isFirst) {
    console.log('\nFirst start: the demo account is made through the services’ own pages.');
    await seed(demo, parties, say);
  }
  table(parties, { secrets, watch });
  console.log('One transfer, as it just travelled between the services (secrets shortened):\n');
  for (const line of await traceTransfer(demo, parties)) console.log(line);
  if (isFirst) {
    console.log('\nTwo more apps, which nobody has to wait for:');
    await seedApps(demo, { ...parties, site: APP_SITE }, say);
    fs.writeFileSync(SEEDED_FILE, '');
  }
  console.log(`\nIt stays up, and Ctrl-C stops it. Begin at ${parties.requester.url}, signed in as above.\n`);
  writeServices(parties, secrets);
}

async function refuseTakenPorts(plan: readonly Plan[]): Promise<void> {
  const others = { ...STAND_IN_PORTS, 'the site of the small apps': APP_SITE_PORT };
  const guests = Object.entries(others).map(([title, port]) => ({ title, port }));
  const wanted = [...plan, ...guests];
  const [taken] = await takenPorts(wanted.map(({ port }) => port));
  if (taken === undefined) return;
  const whose = wanted.find(({ port }) => port === taken)?.title;
  throw new Error(`Port ${taken}, which ${whose} needs, is in use: stop what listens there and start again.`);
}

interface StartInput {
  plan: readonly Plan[];
  secrets: Secrets;
  standIns: StandIns;
  watch: boolean;
  open: AsyncDisposableStack;
}

async function startAll({ plan, secrets, standIns, watch, open }: StartInput): Promise<TestDeployment> {
  const postgres = await startEmbedded({ dataDir: postgresFolder({ data: DATA, name: secrets.name }) });
  open.defer(() => postgres.stop());
  await provision(postgres, { database: 'chatelaine', roles: plan.map(({ name }) => name) });
  stopping.signal.throwIfAborted();
  const deployment = await startDeployment({
    plan,
    guests: [...standIns.guests, { name: 'apps', port: APP_SITE_PORT, url: APP_SITE, tls: null }],
    env: ({ service }) => (service === 'bridge' ? standIns.env : {}),
    databaseUrl: (role) => postgres.url(role, 'chatelaine'),
    encryptionKey: (name) => secrets.keys[name] ?? '',
    mode: watch ? 'watch' : 'built',
    logDir: path.join(RUN, 'logs'),
    signal: stopping.signal,
    waiting: (names, seconds) => console.log(`Waiting for ${names.join(', ')} … ${seconds} s`),
  });
  open.defer(() => deployment.stop());
  return deployment;
}

function partiesOf({ services }: TestDeployment): Parties<DeployedService> {
  const of = (service: DeployedService['service']) => services.filter((it) => it.service === service);
  const [am] = of('am');
  const [requester] = of('requester');
  const [place] = of('bridge');
  if (am === undefined || requester === undefined) throw new Error('The plan has no AM or no Requester.');
  return { am, hosts: of('host'), requester, ...(place && { bridge: { place, services: STAND_INS } }) };
}

function writeServices({ am, hosts, bridge, requester }: Parties<DeployedService>, { password }: Secrets): void {
  const services = {
    am: { url: am.url },
    hosts: hosts.map(({ name, url }) => ({ name, url })),
    requester: { url: requester.url },
    accounts: [am, ...hosts, ...(bridge === undefined ? [] : [bridge.place]), requester].map(({ name }) => ({
      service: name,
      username: USERNAME,
      password,
    })),
  };
  writePrivate(SERVICES_FILE, services);
}

/**
 * Renamed into place, so that whoever waits for the file finds it complete; readable by the user only, because it holds
 * secrets.
 */
function writePrivate(file: string, content: object): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

function table(
  { am, hosts, bridge, requester }: Parties<DeployedService>,
  { secrets, watch }: { secrets: Secrets; watch: boolean },
): void {
  const row = (what: string, { title, url }: DeployedService, remark: string) =>
    console.log(`  ${what.padEnd(9)} ${title.padEnd(10)} ${url.padEnd(32)} ${remark}`);
  console.log('\nEverywhere the same sign-in:\n');
  console.log(`  username   ${USERNAME}\n  password   ${secrets.password}\n`);
  row('Requester', requester, 'begin here: one feed from all Hosts');
  row('AM', am, 'who may have what, and what happened');
  for (const host of hosts) row('Host', host, 'its entries, and who has access');
  if (bridge !== undefined) row('Bridge', bridge.place, 'Chirp and Plume, which have never heard of an AM');
  const pg = postgresFolder({ data: DATA, name: secrets.name });
  const data = pg.startsWith(DATA) ? '.data' : `.data and ${pg}`;
  console.log(`\n  data in ${data}, kept for the next start; logs in .run/logs`);
  if (watch) console.log('  services reload when their sources change');
  console.log();
}
