/**
 * Aborts with a `TimeoutError` once so many seconds are over, fractions included: what Node takes are whole
 * milliseconds.
 */
export function deadlineIn(seconds: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(seconds * 1000));
}
