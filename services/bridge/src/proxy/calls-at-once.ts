import { tooManyRequests } from '@chatelaine/protocol';

/**
 * Calls in progress of one Requester for one account: the rest of the service's quota is left to the owner's other
 * Requesters.
 */
const MOST = 8;

/** Counts calls in progress in this process. */
export function callsAtOnce(): (key: string) => () => void {
  const running = new Map<string, number>();
  return (key) => {
    const now = running.get(key) ?? 0;
    if (now >= MOST) throw tooManyRequests(1);
    running.set(key, now + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const still = (running.get(key) ?? 1) - 1;
      if (still === 0) running.delete(key);
      else running.set(key, still);
    };
  };
}
