// `pnpm bench`: compares transfers with the limit program and with the same chain on oidc-provider, endpoints with
// their peers, and measures a guarded call and a batch call; everything in one run on one durable Postgres, in turn.
// Writes the table and the chart of docs/performance.md. --quick takes three minutes and writes nothing; --json prints
// a last line for programs; --check fails if something is much worse than what is published.

import { count } from './compare/count.ts';
import { best, contest, type Effort, ratio, type Rounds, type Spread, spread } from './compare/contest.ts';
import { KERNEL, startEndpoints } from './compare/endpoints.ts';
import { type Ours, startOurs } from './compare/ours.ts';
import { lineOf, type Measured, tableOf, writeDocument } from './compare/report.ts';
import { findWorse, publish, readPublished } from './compare/published.ts';
import { startLimit, startOidcChain } from './compare/transfers.ts';
import { type Databases, startDatabases } from './databases.ts';

// read first, because a run that has nothing to compare with should not take a quarter of an hour to say so
const published = process.argv.includes('--check') ? readPublished() : null;
const quick = process.argv.includes('--quick');
// so much warming up that V8 has compiled what runs often: its own threads take 10 % of the processor time of transfers
// after six seconds, and 2 % after twenty
const FULL = { rounds: 5, seconds: 2, warmups: 10 };
const QUICK = { rounds: 3, seconds: 0.7, warmups: 2 };
const effort: Effort = quick ? QUICK : FULL;
const REQUESTERS = quick ? 16 : 32;
const IN_FLIGHT = 32;
/** Batch calls at once: each has its fifty items in progress. */
const BATCHES = 2;

const began = performance.now();
const databases = await startDatabases();
try {
  const measured: Measured = { ...(await ofTransfers(databases)), ...(await ofEndpoints(databases)) } as Measured;
  const line = lineOf(measured);
  if (!quick) {
    const seconds = (performance.now() - began) / 1000;
    writeDocument(measured, { postgres: databases.version, effort, seconds });
    publish(line);
  }
  console.log(tableOf(measured));
  const worse = published === null ? [] : findWorse(line, published);
  for (const one of worse) console.log(`worse: ${one}`);
  if (worse.length > 0) process.exitCode = 1;
  if (process.argv.includes('--json')) console.log(JSON.stringify(line));
} finally {
  await databases.stop();
}

async function ofTransfers(on: Databases): Promise<Partial<Measured>> {
  const warmedUp = (): Promise<void> => on.analyze();
  const ours = await startOurs(on, { requesters: REQUESTERS });
  say('AM, Hosts, connections');
  const programs = [
    await startLimit(on, { name: 'limit', batched: false, requesters: REQUESTERS }),
    await startLimit(on, { name: 'limit, batched', batched: true, requesters: REQUESTERS }),
    await startOidcChain(on, { name: 'oidc-provider, signed', signed: true }),
    await startOidcChain(on, { name: 'oidc-provider, plain', signed: false }),
  ];
  try {
    say('all chains started');
    const chains = await contest([ours.transfer, ...programs], { inFlight: IN_FLIGHT, effort, warmedUp });
    say('transfers');
    const beside = (theirs: string): Spread => ratio(chains, { ours: 'transfer', theirs });
    const [limit] = programs;
    const alone = await contest([ours.transfer, ...(limit === undefined ? [] : [limit])], {
      inFlight: 1,
      effort,
      warmedUp,
    });
    const rate = spread((chains.get('transfer') ?? []).map(({ perSecond }) => perSecond)).median;
    const halfLoad = await contest([ours.transfer], { inFlight: IN_FLIGHT, effort, perSecond: rate / 2, warmedUp });
    say('alone, and at half load');
    return {
      transfer_vs_limit: beside('limit'),
      transfer_vs_limit_batched: beside('limit, batched'),
      transfer_vs_oidc_crypto: beside('oidc-provider, signed'),
      transfer_vs_oidc_plain: beside('oidc-provider, plain'),
      lone_p50_vs_limit: ratio(alone, { ours: 'transfer', theirs: 'limit', of: ({ p50 }) => p50 }),
      half_load_p99_vs_p50: spread((halfLoad.get('transfer') ?? []).map(({ p50, p99 }) => p99 / p50)),
      transfers_per_second: spread((chains.get('transfer') ?? []).map(({ perSecond }) => perSecond)),
      ...(await ofCalls(ours, warmedUp)),
      counted: await count(on, ours),
    };
  } finally {
    await Promise.all([ours.stop(), ...programs.map((program) => program.stop())]);
  }
}

async function ofCalls(ours: Ours, warmedUp: () => Promise<void>): Promise<Partial<Measured>> {
  const api = await contest([ours.guarded, ours.unguarded, ours.verified], { inFlight: IN_FLIGHT, effort, warmedUp });
  const single = await contest([ours.single], { inFlight: IN_FLIGHT, effort, warmedUp });
  const many = await contest([ours.batch], { inFlight: BATCHES, effort, warmedUp });
  say('guarded calls, calls for many');
  return {
    guarded_vs_unguarded: ratio(api, { ours: 'guarded', theirs: 'unguarded' }),
    verified_vs_unguarded: ratio(api, { ours: 'verified', theirs: 'unguarded' }),
    guarded_calls_per_second: spread((api.get('guarded') ?? []).map(({ perSecond }) => perSecond)),
    batch_item_vs_single: ratio(new Map([...single, ...many]), { ours: 'batch', theirs: 'single' }),
  };
}

async function ofEndpoints(on: Databases): Promise<Partial<Measured>> {
  const warmedUp = (): Promise<void> => on.analyze();
  const { endpoints, stop } = await startEndpoints(on);
  try {
    const lines: [string, Spread][] = [];
    const names: [string, string][] = [];
    for (const { name, contenders } of endpoints) {
      const rounds: Rounds = await contest(contenders, { inFlight: IN_FLIGHT, effort, warmedUp });
      const theirs = best(
        rounds,
        contenders.map((one) => one.name).filter((one) => one !== KERNEL),
      );
      lines.push([`${name}_vs_best`, ratio(rounds, { ours: KERNEL, theirs })]);
      names.push([name, theirs]);
      say(name);
    }
    return { ...Object.fromEntries(lines), best: Object.fromEntries(names) };
  } finally {
    await stop();
  }
}

function say(done: string): void {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${done}\n`);
}
