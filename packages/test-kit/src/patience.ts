/**
 * How many times longer a fixed piece of work takes on this machine, at this moment, than on the quick and quiet one
 * that figures were set on: 1 at least. The test run measures it when it begins (jest/pace.js) and tells all its
 * processes. Nothing but deadlines may rest on it.
 */
const PACE = Math.max(1, Number(process.env['TEST_PACE'] ?? 1));

/**
 * A deadline, in milliseconds, for what only a fault would miss.
 * @param seconds of the quick machine; the whole wait grows with the pace of this one
 */
export const patience = (seconds = 60): number => Math.ceil(seconds * 1000 * PACE);
