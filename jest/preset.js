import path from 'node:path';
import { measurePace } from './pace.js';

const here = (file) => path.join(import.meta.dirname, file);

// once a run; the workers inherit it
process.env.TEST_PACE ??= String(measurePace());

export default {
  testEnvironment: here('native-environment.cjs'),
  runtime: here('native-runtime.cjs'),
  injectGlobals: false,
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/test/**/*.test.tsx'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {},
  reporters: ['default', here('reporter.js')],
  // turbo runs several packages side by side
  maxWorkers: '50%',
  // it ends what would never end; real processes and a real database on a busy machine are slow, and that is not wrong
  testTimeout: 300_000 * Number(process.env.TEST_PACE),
};
