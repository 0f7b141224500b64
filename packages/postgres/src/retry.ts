const REPEATS = 3;
/** 40001 serialization_failure, 40P01 deadlock_detected: nothing happened, and another try may well succeed. */
const RETRYABLE = new Set(['40001', '40P01']);

/** Runs a whole transaction, again from the beginning (at most three times) when Postgres gave up because of others. Any other error is the caller's. */
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
