import { measurePace } from '../../jest/pace.js';

// before anything that measures its deadlines by it is loaded
process.env['TEST_PACE'] ??= String(measurePace());
