import preset from '../jest.preset.js';

export default {
  ...preset,
  // its exports have a condition `source`, too, and lead to TypeScript
  transformIgnorePatterns: ['/node_modules/(?!(?:\\.pnpm/eventsource-parser@[^/]+/node_modules/)?eventsource-parser/)'],
  // much of these tests' time is waiting for other processes: two files at a time
  maxWorkers: 2,
  testSequencer: '../jest.sequencer.js',
  globals: { longestFirst: ['pages', 'hostile', 'faults', 'chain', 'story'] },
};
