import { pbkdf2Sync } from 'node:crypto';

const TIMES = 5;
const ROUNDS = 20_000;
/** What one of those takes on a quick machine that has nothing else to do, in milliseconds. */
const QUICK_MS = 5;

/** How many times longer than there a fixed piece of work takes here and now. */
export function measurePace() {
  const began = performance.now();
  for (let time = 0; time < TIMES; time++) pbkdf2Sync('a fixed piece', 'of work', ROUNDS, 32, 'sha256');
  return Math.max(1, (performance.now() - began) / TIMES / QUICK_MS);
}
