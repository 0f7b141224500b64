/**
 * How many times longer a fixed piece of work takes on this machine now than on the quick and idle one for which
 * deadlines are written; at least 1. The test run measures it when it begins (jest/pace.js), and passes it to all
 * processes. Only deadlines may depend on it.
 */
const PACE = Math.max(1, Number(process.env['TEST_PACE'] ?? 1));

/**
 * A deadline, in milliseconds, that only a fault exceeds. @param seconds on a quick machine; the deadline is scaled to
 * the speed of this one
 */
export const patience = (seconds = 60): number => Math.ceil(seconds * 1000 * PACE);
