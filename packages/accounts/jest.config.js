import preset from '../../jest/preset.js';

// much of these tests' time is waiting, for Postgres and for the clock: two files at a time
export default { ...preset, maxWorkers: 2 };
