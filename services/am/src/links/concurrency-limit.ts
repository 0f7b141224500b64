/** How many may run at once under one name, and how many may wait. */
export interface Share {
  readonly name: string;
  readonly atOnce: number;
  readonly waiting: number;
}

/** A request for a slot. */
export interface Ticket {
  /**
   * The path for taking turns: they rotate by its first part, within that by the second, and so on; equal paths queue.
   */
  readonly path: readonly string[];
  readonly shares: readonly Share[];
  /** Leaves the queue when it fires. */
  readonly signal: AbortSignal;
  /** Skipped while this says no; call `look` when that may have changed. */
  readonly open?: () => boolean;
}

/** A bounded number of slots, given out in turns. docs/adr/0008 */
export interface ConcurrencyLimit {
  /**
   * Waits for a slot; the returned function gives it back.
   * @throws Crowded if one of the shares has no capacity to wait either; the signal's reason if that fires first
   */
  enter(ticket: Ticket): Promise<() => void>;
  /** A slot at once if one is free and nobody waits for it; otherwise null. */
  tryEnter(ticket: Pick<Ticket, 'shares'>): (() => void) | null;
  /** Gives out slots that have become free. */
  look(): void;
}

/** There is no slot, and the queue is full. */
export class Crowded extends Error {
  override readonly name = 'Crowded';
  /** The name of the share that is full; empty for all slots together. */
  readonly share: string;

  constructor(share: string) {
    super('There is no slot, and the queue is full.');
    this.share = share;
  }
}

interface Waiting {
  readonly ticket: Ticket;
  readonly shares: readonly Share[];
  readonly enter: () => void;
}

/** Why a request may not enter: the name of a share that is used up, or its own `open`. */
type Obstacle = string | NonNullable<Ticket['open']>;

/** The requests that wait under one part of a path. */
interface Line {
  readonly here: Waiting[];
  readonly below: Map<string, Line>;
  size: number;
  /** How many of them each obstacle would stop. If one stops them all, the rest need not be examined. */
  readonly stoppable: Map<Obstacle, number>;
}

type Looked =
  | { readonly kind: 'next'; readonly waiting: Waiting }
  /** `by`: what stopped the last one examined. */
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
  const slotIn = (shares: readonly Share[]): (() => void) =>
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
      return slotIn(shares);
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
      return slotIn(shares);
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

/** The next in turn that may enter. It goes to the end, together with all that wait under the same name. */
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
