/**
 * Aborts with a `TimeoutError` after this many seconds, which may be a fraction: Node itself takes whole milliseconds
 * only.
 */
export function deadlineIn(seconds: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(seconds * 1000));
}

/** A time that is up at some point, or when the caller leaves. */
export interface Deadline {
  /** Aborted with the reason for it. */
  readonly signal: AbortSignal;
  /** Stops the timer, and the listener on the caller's signal. */
  readonly end: () => void;
}

/**
 * A deadline in `seconds`, which may be a fraction. When it passes, the signal is aborted with what `late` makes; when
 * `own` is aborted, with its reason. It must be ended.
 *
 * It has one timer and one controller: `AbortSignal.timeout` with `AbortSignal.any` costs a tenth of a millisecond, and
 * fires when nobody waits for it any more.
 */
export function startDeadline(seconds: number, own: AbortSignal | undefined, late: () => Error): Deadline {
  own?.throwIfAborted();
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(late()), Math.ceil(seconds * 1000)).unref();
  const leave = (): void => over.abort(own?.reason);
  own?.addEventListener('abort', leave, { once: true });
  return {
    signal: over.signal,
    end() {
      clearTimeout(timer);
      own?.removeEventListener('abort', leave);
    },
  };
}
