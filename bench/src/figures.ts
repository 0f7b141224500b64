import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createPerson, type Person, signIn, signUp } from '@chatelaine/constellation';
import { type Chain, startChain } from './chain.ts';
import { startDatabases } from './databases.ts';
import { at, type Figure, mean, ms } from './figures/figure.ts';
import { overload } from './figures/overload.ts';
import { besidePile, revocation } from './figures/revocation.ts';
import { besideSlowHost, openSlowHost } from './figures/slow-host.ts';
import { runBlock, summarize } from './load.ts';
import { sendPaced } from './paced.ts';

const WARM = 300;
const MEASURED = 1_000;
const CONCURRENCY = 16;
const LOGINS = 20;

/** Limits that a load from a single address would otherwise reach. */
const WIDE = {
  REGISTRATIONS_PER_HOUR: '1000000',
  REFUSALS_PER_MINUTE: '1000000',
  TRANSFERS_PER_MINUTE: '10000000',
  REQUESTER_TRANSFERS_PER_MINUTE: '10000000',
};

/**
 * What one AM process and one Host process achieve on this machine: how many transfers and sign-ins, and how long a
 * transfer takes; under overload, beside a slow Host, and when a connection is stopped.
 */
export async function measureFigures(): Promise<Figure[]> {
  const logs = fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-figures-'));
  const databases = await startDatabases();
  const slow = await openSlowHost();
  const databaseUrl = await databases.chain();
  const chain = await startChain({ databaseUrl, logs, beside: [slow.beside], env: WIDE });
  try {
    await runBlock(chain.port, await chain.requests(WARM), CONCURRENCY);
    const { perSecond, cpu } = await throughput(chain);
    const since = Date.now();
    const halfLoad = (await sendPaced(chain.port, await chain.requests(MEASURED), perSecond / 2)).map(
      ({ took }) => took,
    );
    const overhead = await overheads(logs, since);
    return [
      ...capacity({ perSecond, cpu, halfLoad, overhead, login: await logins(chain) }),
      ...(await besideSlowHost(chain, slow, perSecond)),
      ...(await revocation(chain)),
      ...(await besidePile(chain, slow, databaseUrl('am'))),
      ...(await overload(chain, { perSecond, median: at(halfLoad, 0.5) })),
    ];
  } finally {
    await chain.stop();
    await slow.host.close();
    await databases.stop();
    fs.rmSync(logs, { recursive: true, force: true });
  }
}

interface Capacity {
  readonly perSecond: number;
  readonly cpu: number;
  readonly halfLoad: readonly number[];
  readonly overhead: readonly number[];
  readonly login: number;
}

function capacity({ perSecond, cpu, halfLoad, overhead, login }: Capacity): Figure[] {
  return [
    {
      what: 'transfers per second and core of the AM',
      held: '≥ 100',
      measured: `${Math.round(1_000 / cpu)} (${cpu.toFixed(1)} ms of the AM's CPU each)`,
    },
    {
      what: 'transfers per second, AM, Host, Postgres and clients on one machine',
      held: '–',
      measured: String(Math.round(perSecond)),
    },
    {
      what: 'a transfer at half of that, end to end',
      held: 'mean ≤ 300 ms',
      measured: `mean ${ms(mean(halfLoad))}, p99 ${ms(at(halfLoad, 0.99))}`,
    },
    {
      what: 'the same without the time at the Host',
      held: 'p50 ≤ 10 ms, p99 ≤ 50 ms',
      measured: `p50 ${at(overhead, 0.5)} ms, p99 ${at(overhead, 0.99)} ms (of ${overhead.length})`,
    },
    {
      what: 'sign-ins with a password per second and core',
      held: '≥ 10',
      measured: `${(1_000 / login).toFixed(0)} (${login.toFixed(0)} ms of CPU each, the pages included)`,
    },
  ];
}

async function throughput(chain: Chain): Promise<{ perSecond: number; cpu: number }> {
  const requests = await chain.requests(MEASURED);
  const before = await chain.am.child.usage();
  const block = await runBlock(chain.port, requests, CONCURRENCY);
  const after = await chain.am.child.usage();
  return { perSecond: summarize([block]).perSecond, cpu: (after.cpuMs - before.cpuMs) / MEASURED };
}

/**
 * From the log lines of both services, by trace: the time the AM took, minus the time the Host took for the same
 * transfer.
 */
async function overheads(logs: string, since: number): Promise<number[]> {
  // the last lines may not be written yet
  await pause(1_000);
  const atAm = durations(path.join(logs, 'am.log'), since);
  const atHost = durations(path.join(logs, 'host.log'), since);
  return [...atAm].flatMap(([trace, ms]) => {
    const host = atHost.get(trace);
    return host === undefined ? [] : [ms - host];
  });
}

interface Line {
  readonly time: number;
  readonly msg: string;
  readonly path?: string;
  readonly ms?: number;
  readonly trace?: string;
}

function durations(file: string, since: number): Map<string, number> {
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const answered = lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ msg, path: at, time }) => msg === 'answered' && at === '/token' && time >= since);
  return new Map(answered.map(({ trace = '', ms = 0 }) => [trace, ms]));
}

/** Milliseconds of the AM's processor time for one sign-in. */
async function logins({ am }: Chain): Promise<number> {
  const people: Person[] = Array.from({ length: LOGINS }, (_, index) => createPerson({ username: `login${index}` }));
  for (const person of people) {
    const first = createPerson({ username: person.username });
    await signUp(first, am.issuer);
    await first.close();
  }
  const before = await am.child.usage();
  for (const person of people) await signIn(person, am.issuer);
  const after = await am.child.usage();
  await Promise.all(people.map((person) => person.close()));
  return (after.cpuMs - before.cpuMs) / LOGINS;
}
