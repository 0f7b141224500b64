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
export interface ConcurrencyLimit {
  /**
   * Waits for a place; the function returned gives it back.
   *
   * @throws Crowded when one of the shares has no room to wait either; the signal's reason when that fires first
   */
  enter(ticket: Ticket): Promise<() => void>;
  /** A place at once, where nobody waits and there is one; otherwise null. */
  tryEnter(ticket: Pick<Ticket, 'shares'>): (() => void) | null;
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

/** Why somebody may not enter: the name of a share that is used up, or their own `open`. */
type Obstacle = string | NonNullable<Ticket['open']>;

/** Those who wait under one part of a path. */
interface Line {
  readonly here: Waiting[];
  readonly below: Map<string, Line>;
  size: number;
  /** How many of them each obstacle would stop. Where one stops them all, nobody is looked at after the first. */
  readonly stoppable: Map<Obstacle, number>;
}

type Looked =
  | { readonly kind: 'next'; readonly waiting: Waiting }
  /** `by`: what stopped the last that was looked at. */
  | { readonly kind: 'nobody'; readonly by: Obstacle | null };

interface Count {
  active: number;
  waiting: number;
}

export function createConcurrencyLimit(all: Omit<Share, 'name'>): ConcurrencyLimit {
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
  const fullOf = (shares: readonly Share[]): Share | undefined =>
    shares.find(({ name, atOnce }) => (counts.get(name)?.active ?? 0) >= atOnce);
  const obstacleTo = ({ ticket, shares }: Pick<Waiting, 'shares' | 'ticket'>): Obstacle | null => {
    const full = fullOf(shares);
    if (full !== undefined) return full.name;
    return ticket.open === undefined || ticket.open() ? null : ticket.open;
  };
  const look = (): void => {
    for (let looked = takeNext(line, obstacleTo); looked.kind === 'next'; looked = takeNext(line, obstacleTo)) {
      count(looked.waiting, { waiting: -1, active: 1 });
      looked.waiting.enter();
    }
  };
  const placeIn = (shares: readonly Share[]): (() => void) =>
    once(() => {
      count({ shares }, { active: -1 });
      look();
    });
  return {
    look,
    tryEnter(ticket) {
      const shares = [{ ...all, name: '' }, ...ticket.shares];
      if (line.size > 0 || fullOf(shares) !== undefined) return null;
      count({ shares }, { active: 1 });
      return placeIn(shares);
    },
    async enter(ticket) {
      ticket.signal.throwIfAborted();
      const shares = [{ ...all, name: '' }, ...ticket.shares];
      if (obstacleTo({ ticket, shares }) !== null) {
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
        add(line, ticket.path, waiting);
        count(waiting, { waiting: 1 });
        look();
      });
      return placeIn(shares);
    },
  };
}

const emptyLine = (): Line => ({ here: [], below: new Map(), size: 0, stoppable: new Map() });

function add(line: Line, [part, ...rest]: readonly string[], waiting: Waiting): void {
  weigh(line, waiting, 1);
  if (part === undefined) return void line.here.push(waiting);
  const below = line.below.get(part) ?? emptyLine();
  line.below.set(part, below);
  add(below, rest, waiting);
}

function weigh(line: Line, { ticket, shares }: Waiting, change: 1 | -1): void {
  line.size += change;
  const obstacles: Obstacle[] = shares.map(({ name }) => name);
  if (ticket.open !== undefined) obstacles.push(ticket.open);
  for (const obstacle of obstacles) {
    const stopped = (line.stoppable.get(obstacle) ?? 0) + change;
    if (stopped === 0) line.stoppable.delete(obstacle);
    else line.stoppable.set(obstacle, stopped);
  }
}

/**
 * The next whose turn it is and who may enter. Whoever's turn it was goes to the end, with all that wait under the same
 * name.
 */
function takeNext(line: Line, obstacleTo: (waiting: Waiting) => Obstacle | null): Looked {
  const stopsAll = (by: Obstacle | null): boolean => by !== null && line.stoppable.get(by) === line.size;
  const [first] = line.here;
  let by: Obstacle | null = null;
  if (first !== undefined) {
    by = obstacleTo(first);
    if (by === null) {
      line.here.shift();
      weigh(line, first, -1);
      return { kind: 'next', waiting: first };
    }
  }
  for (const [part, below] of line.below) {
    if (stopsAll(by)) break;
    const looked = takeNext(below, obstacleTo);
    if (looked.kind === 'next') {
      line.below.delete(part);
      if (below.size > 0) line.below.set(part, below);
      weigh(line, looked.waiting, -1);
      return looked;
    }
    by = looked.by;
  }
  return { kind: 'nobody', by };
}

function remove(line: Line, [part, ...rest]: readonly string[], waiting: Waiting): void {
  weigh(line, waiting, -1);
  if (part === undefined) return void line.here.splice(line.here.indexOf(waiting), 1);
  const below = line.below.get(part);
  if (below === undefined) return;
  remove(below, rest, waiting);
  if (below.size === 0) line.below.delete(part);
}

function once(leave: () => void): () => void {
  let left = false;
  return () => {
    if (!left) leave();
    left = true;
  };
}
