import preset from '../../jest/preset.js';

process.env.CHATELAINE_DEPLOYMENT = 'containers';
// the reaper's image would have to be pulled; scripts/test-containers.ts removes what is left, by label
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';

/** What is also run against containers: the whole chain, and what holds only if nothing lives in a process. */
const SPECS = ['chain', 'replicas'];

export default {
  ...preset,
  rootDir: import.meta.dirname,
  roots: ['<rootDir>', '<rootDir>/../test'],
  testMatch: ['<rootDir>/*.test.ts', ...SPECS.map((name) => `<rootDir>/../test/${name}.test.ts`)],
  maxWorkers: 1,
  testTimeout: 120_000,
};
