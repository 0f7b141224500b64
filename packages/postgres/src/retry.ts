import { setTimeout } from 'node:timers/promises';
import { isDatabaseUnavailable } from './database-unavailable.ts';

const REPEATS = 3;
/**
 * 40001 serialization_failure and 40P01 deadlock_detected: everything was rolled back, and another attempt may succeed.
 */
const RETRYABLE = new Set(['40001', '40P01']);

/**
 * Runs a whole transaction, and retries it from the beginning, at most three times, after a deadlock or serialization
 * failure. Throws any other error.
 */
export async function retry<T>(transaction: () => Promise<T>): Promise<T> {
  for (let repeats = 0; ; repeats++) {
    try {
      return await transaction();
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (repeats >= REPEATS || typeof code !== 'string' || !RETRYABLE.has(code)) throw error;
    }
  }
}

const TRIES = 20;
const AGAIN_MS = 250;

/**
 * Retries a write for five seconds while the database is unavailable: for what exists only once, such as a token that a
 * server has just issued. Throws any other error.
 */
export async function untilAvailable<T>(write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (tries === TRIES || !isDatabaseUnavailable(error)) throw error;
      await setTimeout(AGAIN_MS);
    }
  }
}
