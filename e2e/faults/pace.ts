import { measurePace } from '../../jest/pace.js';

// must be set before any module is loaded that derives its deadlines from it
process.env['TEST_PACE'] ??= String(measurePace());
