import { OutboundError } from './outbound-error.ts';

/** Lets so many through at a time per key, a bounded number wait, and turns the rest away at once. */
export interface Gate {
  /**
   * Waits for a place; the function returned gives it back. @throws OutboundError `busy` when too many wait; the
   * signal's reason when it fires.
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
        // whoever leaves hands over the place, so `active` stays
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
