// `pnpm bench:kernel`: our authorization server compared with oidc-provider, step by step, in one run on one Postgres.
// Only ratios: the absolute numbers of one machine say little. Writes bench/results/kernel.md.

import fs from 'node:fs';
import path from 'node:path';
import { startChain } from './chain.ts';
import { startDatabases } from './databases.ts';
import { race, type RaceResult } from './races.ts';
import { type Line, report } from './report.ts';
import { compare, exchange, measureAlternating, type Side, STEPS } from './steps.ts';
import { startKernel, startOidcProvider, type Target } from './target.ts';

const CHAIN = 'transfer: whole chain / one bare exchange';

const began = performance.now();
const databases = await startDatabases();
try {
  const lines = await measureSteps();
  const races = {
    kernel: await raced(startKernel({ databaseUrl: await databases.kernel(), processes: 2 })),
    example: await raced(startOidcProvider({ databaseUrl: await databases.oidc(), processes: 2 }, 'example')),
    strict: await raced(startOidcProvider({ databaseUrl: await databases.oidc(), processes: 2 }, 'strict')),
  };
  const seconds = (performance.now() - began) / 1000;
  const text = report({ lines, races, postgres: databases.version, seconds });
  fs.writeFileSync(path.join(import.meta.dirname, '../results/kernel.md'), text);
  console.log(text);
} finally {
  await databases.stop();
}

async function measureSteps(): Promise<Line[]> {
  const sides: readonly [Side, Side] = [
    sideOf(await startKernel({ databaseUrl: await databases.kernel(), processes: 1 })),
    sideOf(await startOidcProvider({ databaseUrl: await databases.oidc(), processes: 1 }, 'example')),
  ];
  const chain = await startChain({ databaseUrl: await databases.chain() });
  progress('servers started');
  try {
    const lines: Line[] = [];
    for (const step of STEPS) {
      const [ours, theirs] = await compare(step, sides);
      lines.push({ name: step.name, ours, theirs });
      progress(step.name);
    }
    const [, { target, tokens }] = sides;
    const single = {
      port: target.port,
      usage: target.usage,
      requests: (count: number) => exchange.requests({ target, tokens }, count),
      keep: () => undefined,
    };
    const [ours, theirs] = await measureAlternating([chain, single]);
    if (ours !== undefined && theirs !== undefined) lines.push({ name: CHAIN, ours, theirs });
    progress(CHAIN);
    return lines;
  } finally {
    await Promise.all([chain.stop(), ...sides.map(({ target }) => target.stop())]);
  }
}

function sideOf(target: Target): Side {
  return { target, tokens: { access: [], refresh: [] } };
}

async function raced(starting: Promise<Target>): Promise<RaceResult> {
  const target = await starting;
  try {
    return await race(target);
  } finally {
    await target.stop();
    progress('a race');
  }
}

function progress(done: string): void {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${done}\n`);
}
