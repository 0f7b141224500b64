/** So many at once of all that carry this name, and so many that wait. */
export interface Share {
  readonly name: string;
  readonly atOnce: number;
  readonly waiting: number;
}

/** What somebody who wants a place says. */
export interface Ticket {
  /** Whose turn: turns go round by the first part, within it by the second, and so on; equals stand in line. */
  readonly path: readonly string[];
  readonly shares: readonly Share[];
  /** Leaves the line when it fires. */
  readonly signal: AbortSignal;
  /** Passed over while this says no; `look` when that may have changed. */
  readonly open?: () => boolean;
}

/** A bounded number of places, given out in turns. docs/adr/0008 */
export interface Places {
  /**
   * Waits for a place; the function returned gives it back.
   *
   * @throws Crowded when one of the shares has no room to wait either; the signal's reason when that fires first
   */
  enter(ticket: Ticket): Promise<() => void>;
  /** Gives out what has become free for somebody. */
  look(): void;
}

/** There is no place, and no room to wait for one. */
export class Crowded extends Error {
  override readonly name = 'Crowded';
  /** The name of the share that is full; empty for all the places together. */
  readonly share: string;

  constructor(share: string) {
    super('There is no room to wait.');
    this.share = share;
  }
}

interface Waiting {
  readonly ticket: Ticket;
  readonly shares: readonly Share[];
  readonly enter: () => void;
}

/** Those who wait under one part of a path. */
interface Line {
  readonly here: Waiting[];
  readonly below: Map<string, Line>;
}

interface Count {
  active: number;
  waiting: number;
}

export function createPlaces(all: Omit<Share, 'name'>): Places {
  const line = emptyLine();
  const counts = new Map<string, Count>();
  const count = ({ shares }: Pick<Waiting, 'shares'>, change: Partial<Count>): void => {
    for (const { name } of shares) {
      const { active, waiting } = counts.get(name) ?? { active: 0, waiting: 0 };
      const changed = { active: active + (change.active ?? 0), waiting: waiting + (change.waiting ?? 0) };
      if (changed.active === 0 && changed.waiting === 0) counts.delete(name);
      else counts.set(name, changed);
    }
  };
  const hasPlace = ({ ticket, shares }: Pick<Waiting, 'shares' | 'ticket'>): boolean =>
    shares.every(({ name, atOnce }) => (counts.get(name)?.active ?? 0) < atOnce) && (ticket.open?.() ?? true);
  const look = (): void => {
    for (let next = takeNext(line, hasPlace); next !== undefined; next = takeNext(line, hasPlace)) {
      count(next, { waiting: -1, active: 1 });
      next.enter();
    }
  };
  return {
    look,
    async enter(ticket) {
      ticket.signal.throwIfAborted();
      const shares = [{ ...all, name: '' }, ...ticket.shares];
      if (!hasPlace({ ticket, shares })) {
        const full = shares.filter(({ name, waiting }) => (counts.get(name)?.waiting ?? 0) >= waiting);
        const cause = full.find(({ name, atOnce }) => (counts.get(name)?.active ?? 0) >= atOnce) ?? full[0];
        if (cause !== undefined) throw new Crowded(cause.name);
      }
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          remove(line, ticket.path, waiting);
          count(waiting, { waiting: -1 });
          reject(ticket.signal.reason);
        };
        const enter = (): void => {
          ticket.signal.removeEventListener('abort', leave);
          resolve();
        };
        const waiting: Waiting = { ticket, shares, enter };
        ticket.signal.addEventListener('abort', leave, { once: true });
        lineAt(line, ticket.path).here.push(waiting);
        count(waiting, { waiting: 1 });
        look();
      });
      return once(() => {
        count({ shares }, { active: -1 });
        look();
      });
    },
  };
}

const emptyLine = (): Line => ({ here: [], below: new Map() });
const isEmpty = ({ here, below }: Line): boolean => here.length === 0 && below.size === 0;

function lineAt(line: Line, path: readonly string[]): Line {
  let at = line;
  for (const part of path) {
    const next = at.below.get(part) ?? emptyLine();
    at.below.set(part, next);
    at = next;
  }
  return at;
}

/** The next whose turn it is and who may enter. Whoever's turn it was goes to the end, with all that wait under the same name. */
function takeNext(line: Line, mayEnter: (waiting: Waiting) => boolean): Waiting | undefined {
  const [first] = line.here;
  if (first !== undefined && mayEnter(first)) return line.here.shift();
  for (const [part, below] of line.below) {
    const found = takeNext(below, mayEnter);
    if (found === undefined) continue;
    line.below.delete(part);
    if (!isEmpty(below)) line.below.set(part, below);
    return found;
  }
  return undefined;
}

function remove(line: Line, [part, ...rest]: readonly string[], waiting: Waiting): void {
  if (part === undefined) return void line.here.splice(line.here.indexOf(waiting), 1);
  const below = line.below.get(part);
  if (below === undefined) return;
  remove(below, rest, waiting);
  if (isEmpty(below)) line.below.delete(part);
}

function once(leave: () => void): () => void {
  let left = false;
  return () => {
    if (!left) leave();
    left = true;
  };
}
