// Measures what an AM and a Host store because of strangers' requests, and writes it into docs/reliability.md:
//   pnpm measure:strangers [--minutes 10] [--rate 15]

import os from 'node:os';
import { parseArgs } from 'node:util';
import { mb } from '../memory/memory.ts';
import { type Held, measureGrowth, type Sample } from '../strangers/growth.ts';
import { writeMeasured } from './measured.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '15' } },
});
const minutes = Number(values.minutes);
const perSecond = Number(values.rate);
/** By then, everything has been started, filled and compiled. */
const SETTLED_MINUTES = 2;
if (!(minutes > SETTLED_MINUTES && perSecond > 0)) throw new Error(`--minutes must be more than ${SETTLED_MINUTES}.`);

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const { samples, statuses } = await measureGrowth({ minutes, perSecond, progress });
const [settled, last] = [samples[SETTLED_MINUTES], samples.at(-1)];
if (settled === undefined || last === undefined) throw new Error('There are no samples.');

const change = (name: string, held: string, of: (sample: Sample) => number): string =>
  `| ${name} | ${held} | ${mb(of(settled))} MB, ${mb(of(last))} MB (${mb(of(last) - of(settled))} MB) |`;
const of = (who: 'am' | 'host', what: (held: Held) => number) => (sample: Sample) => what(sample[who]);
const rows = (who: 'am' | 'host'): string =>
  Object.entries(last[who].rows)
    .map(([table, count]) => `${table} ${count}`)
    .join(', ');
const total = Object.values(statuses).reduce((sum, count) => sum + count, 0);
const lines = [
  `| from minute ${SETTLED_MINUTES} to minute ${minutes} | to hold | measured |`,
  '|---|---|---|',
  change(
    'heap of the AM',
    '± 20 MB',
    of('am', ({ memory }) => memory.heapUsed),
  ),
  change(
    'heap of the Host',
    '± 20 MB',
    of('host', ({ memory }) => memory.heapUsed),
  ),
  change(
    'RSS of the AM',
    '–',
    of('am', ({ memory }) => memory.rss),
  ),
  change(
    'RSS of the Host',
    '–',
    of('host', ({ memory }) => memory.rss),
  ),
  change(
    'documents stored by the AM',
    '≤ 32 MB',
    of('am', ({ documents }) => documents),
  ),
  change(
    'all tables of the AM, with indexes',
    '–',
    of('am', ({ disk }) => disk),
  ),
  change(
    'all tables of the Host, with indexes',
    '–',
    of('host', ({ disk }) => disk),
  ),
  '',
  `${total.toLocaleString('en')} requests, ${perSecond} a second, each from another address: ` +
    'of ten, five name new client documents (two of 60 KB, one small, ' +
    'two invalid), one registers a client, one revokes what it never had at the Host, ' +
    `one at the AM, and two are junk. Answers: ${Object.entries(statuses)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ')}. Load average at the end ${(os.loadavg()[0] ?? 0).toFixed(1)}.`,
  '',
  `Rows at the end, at the AM: ${rows('am')}. At the Host: ${rows('host')}.`,
];
writeMeasured('strangers', lines, 'docs/reliability.md');
console.log(lines.join('\n'));
