// Measures how many transfers and sign-ins a core can do and how long they take, and writes it into docs/operations.md:
//   pnpm measure:figures

import os from 'node:os';
import { measureFigures } from '../figures.ts';
import { writeMeasured } from './measured.ts';

const figures = await measureFigures();
const lines = [
  '| | to hold | measured |',
  '|---|---|---|',
  ...figures.map(({ what, held, measured }) => `| ${what} | ${held} | ${measured} |`),
  '',
  `On ${os.availableParallelism()} cores, which the clients, one process of the AM, one Host ` +
    `and Postgres shared; every write durable. Load average at the end ${(os.loadavg()[0] ?? 0).toFixed(1)}.`,
];
writeMeasured('figures', lines);
console.log(lines.join('\n'));
