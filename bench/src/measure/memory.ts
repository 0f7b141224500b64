// Measures whether the AM's memory grows under a steady load, and writes it into docs/operations.md:
//   pnpm measure:memory [--minutes 60] [--rate 15]

import fs from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { Memory } from '../child.ts';
import { mb, measureMemory } from '../memory/memory.ts';
import { writeMeasured } from './measured.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '15' },
    samples: { type: 'string' },
  },
});
/** By then, everything has been started, filled and compiled. */
const SETTLED_MINUTES = 5;
const minutes = Number(values.minutes);
const perSecond = Number(values.rate);
if (!(minutes > SETTLED_MINUTES && perSecond > 0)) throw new Error(`--minutes must be more than ${SETTLED_MINUTES}.`);

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const { samples, requests, wrong } = await measureMemory({ minutes, perSecond, progress });
if (values.samples !== undefined) fs.writeFileSync(values.samples, JSON.stringify(samples));
const row = (what: string, held: string, of: (sample: Memory) => number): string => {
  const settled = around(SETTLED_MINUTES, of);
  const last = around(minutes - 1, of);
  const growth = (last / settled - 1) * 100;
  return `| ${what} | ${held} | ${growth.toFixed(1)} % (${mb(settled)} MB, ${mb(last)} MB) |`;
};
const lines = [
  '| | to hold | measured |',
  '|---|---|---|',
  row(`RSS of the AM, from minute ${SETTLED_MINUTES} to minute ${minutes}`, 'grows < 20 %', ({ rss }) => rss),
  row('heap in use', '–', ({ heapUsed }) => heapUsed),
  '',
  `${requests.toLocaleString('en')} requests, ${perSecond} a second: transfers, refreshes, ` +
    'batch calls of ten, pages, connections made and stopped, and requests that are refused, each of these from ' +
    `another address; ${wrong} not answered as they should be. Each value is the median of three minutes, ` +
    `after garbage collection. Load average at the end ${(os.loadavg()[0] ?? 0).toFixed(1)}.`,
];
writeMeasured('memory', lines);
console.log(lines.join('\n'));

/** The median of this minute and the two next to it. */
function around(minute: number, of: (sample: Memory) => number): number {
  return (
    samples
      .slice(minute - 1, minute + 2)
      .map(of)
      .toSorted((a, b) => a - b)[1] ?? 0
  );
}
