/**
 * Aborts with a `TimeoutError` after this many seconds, which may be a fraction: Node itself takes whole milliseconds
 * only.
 */
export function deadlineIn(seconds: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(seconds * 1000));
}
