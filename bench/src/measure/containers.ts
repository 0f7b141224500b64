// Writes what the last `pnpm test:containers` measured into docs/operations.md: `pnpm measure:containers` runs both.

import os from 'node:os';
import { recordedFigures } from '../../../e2e/containers/support/figures.ts';
import { writeMeasured } from './measured.ts';

const figures = recordedFigures();
if (figures.length === 0) throw new Error('Nothing was measured yet: run pnpm test:containers first.');
const lines = [
  '| | to hold | measured |',
  '|---|---|---|',
  ...figures.map(({ what, promised: held, measured }) => `| ${what} | ${held} | ${measured} |`),
  '',
  `On ${os.availableParallelism()} cores, which the load and all containers shared.`,
];
writeMeasured('containers', lines);
console.log(lines.join('\n'));
