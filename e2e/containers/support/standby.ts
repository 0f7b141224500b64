import { setTimeout as pause } from 'node:timers/promises';
import type { Person } from '@chatelaine/constellation';
import { account, type Ledger, ledgerOf } from '../../faults/ledger.ts';
import { sql } from './backup.ts';
import type { Deployment } from './deployment.ts';
import { docker, LABEL } from './docker.ts';

// What operations.md says under "When Postgres is lost", command by command.

/** A Postgres of two: its container, and the volume with its files. */
export interface Member {
  readonly container: string;
  readonly volume: string;
}

export interface Pair {
  readonly primary: Member;
  readonly standby: Member;
}

/** As docker-compose.standby.yml starts them. */
export async function firstPair(deployment: Deployment): Promise<Pair> {
  const member = async (service: string): Promise<Member> => {
    const [container = ''] = await deployment.containers(service);
    return { container, volume: `${deployment.project}_${service}` };
  };
  return { primary: await member('postgres'), standby: await member('standby') };
}

/** Takes it away as a power failure does, never to come back by itself: there must be one primary. */
export async function lose({ container }: Member): Promise<void> {
  await docker('update', '--restart', 'no', container);
  await docker('kill', '-s', 'KILL', container);
}

/** Makes the standby what the services find under the name of their Postgres. */
export async function promote(deployment: Deployment, { container }: Member): Promise<void> {
  const network = `${deployment.project}_database`;
  await sql(container, 'select pg_promote()');
  await docker('network', 'disconnect', network, container);
  await docker('network', 'connect', '--alias', 'postgres', network, container);
}

/** A standby of the new primary in the place of what was lost, from empty. When it resolves, commits wait for it. */
export async function standbyAgain(
  deployment: Deployment,
  { primary, lost }: Record<'primary' | 'lost', Member>,
): Promise<Member> {
  const { volume } = lost;
  await docker('rm', lost.container);
  // the new primary's container has it, too: from when it was the standby's first copy
  await empty(volume);
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
 * Back to what compose knows, after an even number of turns: both stop, and the files say again who was the primary.
 */
export async function asAtFirst(
  deployment: Deployment,
  { primary, standby }: Pair,
  up: readonly string[],
): Promise<Pair> {
  for (const { container } of [standby, primary]) {
    await docker('stop', '-t', '20', container);
    await docker('rm', container);
  }
  await empty(standby.volume);
  await deployment.compose(up);
  return firstPair(deployment);
}

async function empty(volume: string): Promise<void> {
  const all = ['find', '/v', '-mindepth', '1', '-delete'];
  await docker('run', '--rm', '--network', 'none', '-v', `${volume}:/v`, 'chatelaine-postgres', ...all);
}

/** Those of a person's entries that a Host has acknowledged, by showing them. */
export interface Entries {
  readonly acknowledged: readonly string[];
  stop(): Promise<void>;
}

/** Somebody keeps entries at the Host, one after the other, `idleMs` between them. */
export function keepEntries(robin: Person, { host, idleMs = 0 }: { host: string; idleMs?: number }): Entries {
  const acknowledged: string[] = [];
  let going = true;
  const tab = robin.tab();
  const keep = async (text: string): Promise<void> => {
    await tab.visit(`${host}/entries`);
    const page = await tab.press('Add', { text });
    if (page.status === 200 && page.text.includes(text)) acknowledged.push(text);
  };
  const working = (async () => {
    // while Postgres is away there is no form to fill in
    for (let count = 0; going; count++) {
      await keep(`entry number ${count}.`).catch(() => undefined);
      await pause(idleMs);
    }
  })();
  return {
    acknowledged,
    async stop() {
      going = false;
      await working;
    },
  };
}

/** What somebody was shown or handed. */
export interface Acknowledged {
  readonly entries: readonly string[];
  /** Hashes. */
  readonly tokens: readonly string[];
}

/**
 * Each of them, and each token there ever was, held against this Postgres: how many of those acknowledged are gone, and
 * how many tokens the Host has minted that the AM had not written down before it asked for them. 0 and 0 is what is
 * promised.
 */
export async function accountAt(
  deployment: Deployment,
  { container }: Member,
  { entries, tokens }: Acknowledged,
): Promise<{ lost: number; orphans: number }> {
  const kept = new Set((await sql(container, 'select text from photos.entry')).split('\n'));
  const ledger = JSON.parse(
    await sql(container, ledgerOf({ schema: 'photos', issuer: deployment.url('photos') })),
  ) as Ledger;
  const { lost, orphans } = account([ledger], new Set(tokens));
  return { lost: entries.filter((text) => !kept.has(text)).length + lost.length, orphans: orphans.length };
}
