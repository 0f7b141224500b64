// Where the processor time of a transfer goes: `pnpm measure:profile`. Transfers run with 32 in flight while V8 samples
// the AM and the Host; each sample counts for the package of its innermost frame and, in a second list, for the
// function. The limit program is sampled as well, to show what no code of ours can save.

import path from 'node:path';
import type { Child, Profile } from '../child.ts';
import { type Contender, contest } from '../compare/contest.ts';
import { startOurs } from '../compare/ours.ts';
import { startLimit } from '../compare/transfers.ts';
import { startDatabases } from '../databases.ts';

const REQUESTERS = 32;
const IN_FLIGHT = 32;
const SECONDS = 8;
const MOST_FUNCTIONS = 45;
const root = path.join(import.meta.dirname, '../../..');

interface Sampled {
  /** Microseconds per request, by package. */
  readonly packages: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, number>;
}

const databases = await startDatabases();
try {
  const ours = await startOurs(databases, { requesters: REQUESTERS });
  const limit = await startLimit(databases, { name: 'limit, batched', batched: true, requesters: REQUESTERS });
  await print('transfer', ours.transfer, [
    ['AM', ours.chain.am.child],
    ['Host', ours.chain.host.child],
  ]);
  await print('limit', limit, [
    ['AM', limit.am],
    ['Host', limit.host],
  ]);
  await Promise.all([ours.stop(), limit.stop()]);
} finally {
  await databases.stop();
}

async function print(
  name: string,
  contender: Contender,
  children: readonly (readonly [string, Child])[],
): Promise<void> {
  const effort = { rounds: 1, seconds: 2, warmups: 3 };
  await contest([contender], { inFlight: IN_FLIGHT, effort, warmedUp: () => databases.analyze() });
  for (const [, child] of children) await child.call('startProfile');
  const shots = await contest([contender], {
    inFlight: IN_FLIGHT,
    effort: { rounds: 1, seconds: SECONDS, warmups: 0 },
  });
  const shot = shots.get(contender.name)?.[0];
  for (const [role, child] of children) {
    const profile = await child.call<Profile>('stopProfile');
    if (shot === undefined) continue;
    // the unmeasured first round is sampled, too; it is a quarter as long as the measured one
    const { packages, functions } = sampled(profile, shot.count * 1.25);
    console.log(`\n== ${name}: ${role}, µs of a request (${shot.perSecond.toFixed(0)} per second)`);
    for (const [what, us] of sorted(packages)) console.log(`${us.toFixed(0).padStart(7)}  ${what}`);
    console.log('');
    for (const [what, us] of sorted(functions).slice(0, MOST_FUNCTIONS))
      console.log(`${us.toFixed(1).padStart(7)}  ${what}`);
  }
}

function sampled({ nodes, samples = [], timeDeltas = [] }: Profile, requests: number): Sampled {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [packages, functions] = [new Map<string, number>(), new Map<string, number>()];
  for (const [index, sample] of samples.entries()) {
    const frame = frames.get(sample);
    if (frame === undefined || frame.functionName === '(idle)') continue;
    const us = (timeDeltas[index] ?? 0) / requests;
    const of = packageOf(frame);
    packages.set(of, (packages.get(of) ?? 0) + us);
    const file = frame.url.replace(`file://${root}/`, '').replace(/^.*node_modules\//, '');
    const name = `${frame.functionName || '(anonymous)'} ${file}:${frame.lineNumber + 1}`;
    functions.set(name, (functions.get(name) ?? 0) + us);
  }
  return { packages, functions };
}

function packageOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'V8 and native code';
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)\/[^]*$/.exec(url.replace(/^.*\.pnpm\//, ''));
  if (library?.[1] !== undefined) return library[1];
  return /\/((?:packages|services|bench)\/[^/]+)/.exec(url)?.[1] ?? url;
}

function sorted(of: ReadonlyMap<string, number>): [string, number][] {
  return [...of].toSorted(([, a], [, b]) => b - a);
}
