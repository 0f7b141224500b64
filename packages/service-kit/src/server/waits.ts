/** So many at most of all that carry this name. */
interface Group {
  readonly name: string;
  readonly most: number;
}

/** For whom a request waits for somebody else's server. */
export interface Waiter {
  /** The client that asks, once it is known. */
  readonly requester?: string;
  /** The person concerned. */
  readonly owner?: string;
}

/** What one request takes of the room for waiting. */
export interface Share {
  readonly groups: readonly Group[];
  /** At most a quarter of what these groups leave free: whoever there are, there is room for one more. */
  readonly one: string;
}

/** Room for requests that wait for servers of others. docs/adr/0013 */
export interface Waits {
  readonly taken: number;
  readonly atOnce: number;
  /** False when there is no room in this share. */
  enter(share: Share): boolean;
  leave(share: Share): void;
}

/**
 * Whoever comes is measured by what is free, not by a fixed number: where one asks for all there is, it has a fifth;
 * where twenty do, they have five sixths together, and what is left is for others, each of whom has as much of it. So
 * nobody can take the last place, and nobody has to be known beforehand.
 */
const PART_OF_FREE = 0.25;

export function openWaits(atOnce: number): Waits {
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
    enter(share) {
      const left = share.groups.map(({ name, most }) => Math.ceil(most * atOnce) - (counts.get(name) ?? 0));
      const free = Math.min(atOnce - taken, ...left);
      if (free <= 0 || (counts.get(share.one) ?? 0) >= PART_OF_FREE * free) return false;
      addAll(share, 1);
      return true;
    },
    leave: (share) => addAll(share, -1),
  };
}

/** @param source what the request comes from, as limits count it */
export function shareOf({ requester, owner }: Waiter, source: string): Share {
  const from = { name: `from ${source}`, most: 0.75 };
  // what one service asks for many people comes from one place
  if (requester !== undefined)
    return { groups: [from, { name: `requester ${requester}`, most: 0.75 }], one: `owner ${owner ?? requester}` };
  if (owner !== undefined) return { groups: [{ ...from, most: 0.5 }], one: `owner ${owner}` };
  return { groups: [{ name: 'unknown', most: 0.5 }], one: `unknown ${source}` };
}
