/** At most so many of the requests that have this name. */
interface Group {
  readonly name: string;
  readonly most: number;
}

/** On whose behalf a request waits for another server. */
export interface Waiter {
  /** The Requester, once it is known. */
  readonly requester?: string;
  /** The person concerned. */
  readonly owner?: string;
}

/** What one request takes of the slots for waiting. */
export interface Share {
  readonly groups: readonly Group[];
  /**
   * The name that may have at most a quarter of the slots that its groups leave free, so that one is always left for
   * another.
   */
  readonly one: string;
}

/** Slots for requests that wait for other servers. docs/adr/0013 */
export interface WaitingLimit {
  readonly taken: number;
  readonly atOnce: number;
  /** False if there is no slot in this share. */
  acquire(share: Share): boolean;
  release(share: Share): void;
}

/**
 * A share is a part of what is free, not a fixed number. If one asks for everything it gets a fifth; if twenty do,
 * they get five sixths together, and each further one gets as large a part of the rest. So nobody can take the last
 * slot, and nobody has to be known beforehand.
 */
const PART_OF_FREE = 0.25;

export function createWaitingLimit(atOnce: number): WaitingLimit {
  const counts = new Map<string, number>();
  let taken = 0;
  const add = (name: string, change: 1 | -1): void => {
    const count = (counts.get(name) ?? 0) + change;
    if (count === 0) counts.delete(name);
    else counts.set(name, count);
  };
  const addAll = ({ groups, one }: Share, change: 1 | -1): void => {
    taken += change;
    add(one, change);
    for (const { name } of groups) add(name, change);
  };
  return {
    atOnce,
    get taken() {
      return taken;
    },
    acquire(share) {
      const left = share.groups.map(({ name, most }) => Math.ceil(most * atOnce) - (counts.get(name) ?? 0));
      const free = Math.min(atOnce - taken, ...left);
      if (free <= 0 || (counts.get(share.one) ?? 0) >= PART_OF_FREE * free) return false;
      addAll(share, 1);
      return true;
    },
    release: (share) => addAll(share, -1),
  };
}

/** @param source where the request comes from, as limits count it */
export function shareOf({ requester, owner }: Waiter, source: string): Share {
  const from = { name: `from ${source}`, most: 0.75 };
  // what one service requests for many people comes from one source
  if (requester !== undefined)
    return { groups: [from, { name: `requester ${requester}`, most: 0.75 }], one: `owner ${owner ?? requester}` };
  if (owner !== undefined) return { groups: [{ ...from, most: 0.5 }], one: `owner ${owner}` };
  return { groups: [{ name: 'unknown', most: 0.5 }], one: `unknown ${source}` };
}
