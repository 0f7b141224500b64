import { setTimeout } from 'node:timers/promises';
import { isDatabaseUnavailable } from './database-unavailable.ts';

const REPEATS = 3;
/** 40001 serialization_failure, 40P01 deadlock_detected: nothing happened, and another try may well succeed. */
const RETRYABLE = new Set(['40001', '40P01']);

/**
 * Runs a whole transaction, again from the beginning (at most three times) when Postgres gave up because of others. Any
 * other error is the caller's.
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
 * Writes what is there once (a token that somebody has just handed out) although the database is away for a moment:
 * tries again for five seconds while it cannot serve. Any other error is the caller's.
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
