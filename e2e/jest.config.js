import preset from '../jest/preset.js';

export default {
  ...preset,
  resolver: './jest.resolver.cjs',
  // much of these tests' time is waiting for other processes: two files at a time
  maxWorkers: 2,
  testSequencer: '../jest/sequencer.js',
  globals: { longestFirst: ['pages', 'hostile', 'faults', 'chain', 'story'] },
};
