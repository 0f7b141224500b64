import preset from '../jest.preset.js';

// much of these tests' time is waiting for other processes: two files at a time
export default { ...preset, maxWorkers: 2 };
