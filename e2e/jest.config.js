import preset from '../jest/preset.js';

export default {
  ...preset,
  resolver: './jest.resolver.cjs',
  // much of these tests' time is waiting for other processes: three files at a time
  maxWorkers: 3,
  testSequencer: '../jest/sequencer.js',
  globals: { longestFirst: ['pages', 'hostile', 'faults', 'chain', 'story'] },
};
