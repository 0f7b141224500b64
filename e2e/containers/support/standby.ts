import { setTimeout as pause } from 'node:timers/promises';
import type { Person } from '@chatelaine/constellation';
import { account, type Ledger, ledgerOf } from '../../faults/ledger.ts';
import { sql } from './backup.ts';
import type { Deployment } from './deployment.ts';
import { docker, LABEL } from './docker.ts';

// The commands of docs/operations.md, "When Postgres is lost".

/** One of the two Postgres servers: its container, and the volume with its files. */
export interface Server {
  readonly container: string;
  readonly volume: string;
}

export interface Pair {
  readonly primary: Server;
  readonly standby: Server;
}

/** The two as docker-compose.standby.yml starts them. */
export async function initialPair(deployment: Deployment): Promise<Pair> {
  const member = async (service: string): Promise<Server> => {
    const [container = ''] = await deployment.containers(service);
    return { container, volume: `${deployment.project}_${service}` };
  };
  return { primary: await member('postgres'), standby: await member('standby') };
}

/** Kills it as a power failure would, and keeps the engine from restarting it: there must not be two primaries. */
export async function killForGood({ container }: Server): Promise<void> {
  await docker('update', '--restart', 'no', container);
  await docker('kill', '-s', 'KILL', container);
}

/** Makes the standby the primary, and gives it the host name under which the services reach Postgres. */
export async function promote(deployment: Deployment, { container }: Server): Promise<void> {
  const network = `${deployment.project}_database`;
  await sql(container, 'select pg_promote()');
  await docker('network', 'disconnect', network, container);
  await docker('network', 'connect', '--alias', 'postgres', network, container);
}

/**
 * Replaces a lost server by a new, empty standby of the new primary. When this resolves, commits wait for the standby.
 */
export async function addStandby(
  deployment: Deployment,
  { primary, lost }: Record<'primary' | 'lost', Server>,
): Promise<Server> {
  const { volume } = lost;
  await docker('rm', lost.container);
  // emptied and not removed: the container of the new primary mounts it as well, since its own first copy
  await emptyVolume(volume);
  const common = ['--network', `${deployment.project}_database`, '--user', 'postgres', '-e', 'PRIMARY_HOST=postgres'];
  const secrets = ['-v', `${deployment.project}_secrets-postgres:/secrets/postgres:ro`, '--label', LABEL];
  const files = ['-v', `${volume}:/var/lib/postgresql`, '-v', `${primary.volume}:/primary:ro`];
  const settings = ['max_connections=200', 'wal_keep_size=512MB', 'hba_file=/usr/local/share/chatelaine/pg_hba.conf'];
  const start = ['chatelaine-postgres', 'start-standby', ...settings.flatMap((setting) => ['-c', setting])];
  const lasting = ['--restart', 'unless-stopped', '--shm-size', '128m'];
  const container = await docker('run', '-d', ...lasting, ...common, ...secrets, ...files, ...start);
  await docker('run', '--rm', ...common, ...secrets, 'chatelaine-postgres', 'wait-for-standby');
  return { container, volume };
}

/**
 * Returns to the containers that compose knows, after an even number of failovers, when their roles are the first ones.
 */
export async function resetPair(
  deployment: Deployment,
  { primary, standby }: Pair,
  up: readonly string[],
): Promise<Pair> {
  for (const { container } of [standby, primary]) {
    await docker('stop', '-t', '20', container);
    await docker('rm', container);
  }
  await emptyVolume(standby.volume);
  await deployment.compose(up);
  return initialPair(deployment);
}

async function emptyVolume(volume: string): Promise<void> {
  const all = ['find', '/v', '-mindepth', '1', '-delete'];
  await docker('run', '--rm', '--network', 'none', '-v', `${volume}:/v`, 'chatelaine-postgres', ...all);
}

/** Writes entries at a Host; `acknowledged`: those that the Host has shown. */
export interface EntryWriter {
  readonly acknowledged: readonly string[];
  stop(): Promise<void>;
}

/** A person adds entries at a Host, one after the other, with a pause of `idleMs` between two. */
export function startWritingEntries(
  robin: Person,
  { host, idleMs = 0 }: { host: string; idleMs?: number },
): EntryWriter {
  const acknowledged: string[] = [];
  let running = true;
  const tab = robin.tab();
  const keep = async (text: string): Promise<void> => {
    await tab.visit(`${host}/entries`);
    const page = await tab.press('Add', { text });
    if (page.status === 200 && page.text.includes(text)) acknowledged.push(text);
  };
  const working = (async () => {
    // while Postgres is unavailable there is no form to submit
    for (let count = 0; running; count++) {
      await keep(`entry number ${count}.`).catch(() => undefined);
      await pause(idleMs);
    }
  })();
  return {
    acknowledged,
    async stop() {
      running = false;
      await working;
    },
  };
}

/** Entries that a person was shown, and tokens that were issued. */
export interface Acknowledged {
  readonly entries: readonly string[];
  /** Hashes. */
  readonly tokens: readonly string[];
}

/**
 * Compares what was acknowledged with this server's tables. `lost`: how much of it is missing; `orphans`: how many
 * tokens the Host has minted without an intent of the AM. Both must be 0.
 */
export async function compareWith(
  deployment: Deployment,
  { container }: Server,
  { entries, tokens }: Acknowledged,
): Promise<{ lost: number; orphans: number }> {
  const kept = new Set((await sql(container, 'select text from photos.entry')).split('\n'));
  const ledger = JSON.parse(
    await sql(container, ledgerOf({ schema: 'photos', issuer: deployment.url('photos') })),
  ) as Ledger;
  const { lost, orphans } = account([ledger], new Set(tokens));
  return { lost: entries.filter((text) => !kept.has(text)).length + lost.length, orphans: orphans.length };
}
