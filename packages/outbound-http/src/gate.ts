import { OutboundError } from './outbound-error.ts';

/** A concurrency limit per key. A bounded number of callers wait in turn; any more are refused at once. */
export interface Gate {
  /**
   * Resolves when the caller may proceed, to the function with which it leaves.
   *
   * @throws OutboundError `busy` when too many wait already, or the reason of the signal when it is aborted
   */
  enter(key: string, signal: AbortSignal): Promise<() => void>;
}

interface Lane {
  active: number;
  readonly waiting: (() => void)[];
}

export function createGate({ perKey, waitingPerKey }: { perKey: number; waitingPerKey: number }): Gate {
  const lanes = new Map<string, Lane>();
  return {
    async enter(key, signal) {
      const lane = lanes.get(key) ?? { active: 0, waiting: [] };
      lanes.set(key, lane);
      if (lane.active >= perKey) {
        if (lane.waiting.length >= waitingPerKey)
          throw new OutboundError('busy', 'Too many requests to there are under way.');
        // whoever leaves lets the next one in, so `active` does not change
        await waitInLine(lane.waiting, signal);
      } else {
        lane.active += 1;
      }
      return once(() => {
        const next = lane.waiting.shift();
        if (next !== undefined) return next();
        lane.active -= 1;
        if (lane.active === 0) lanes.delete(key);
      });
    },
  };
}

function waitInLine(line: (() => void)[], signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const enter = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      line.splice(line.indexOf(enter), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    line.push(enter);
  });
}

function once(leave: () => void): () => void {
  let left = false;
  return () => {
    if (!left) leave();
    left = true;
  };
}
