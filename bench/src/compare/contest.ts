import type { Prepared } from '../requests.ts';
import { type Firing, fire, type Shot } from './fire.ts';

/** One of the servers or requests that are measured side by side. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  /** How much one request yields at most: 50 for a batch of 50. 1 by default. */
  readonly each?: number;
  readonly again?: boolean;
  readonly worth?: Firing['worth'];
  requests(count: number): Promise<readonly Prepared[]> | readonly Prepared[];
}

export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmups: number;
}

export interface Contest {
  readonly inFlight: number;
  readonly effort: Effort;
  /** A steady pace; by default as fast as answers come. */
  readonly perSecond?: number;
  /** Called between the warm-up and the first round. */
  readonly warmedUp?: () => Promise<void>;
}

/** The rounds of each contender. */
export type Rounds = ReadonlyMap<string, readonly Shot[]>;

/** A median, and the range around it. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The pace of the first round, which warms up; later rounds get what that served, and more. */
const FIRST_PER_SECOND = 200;
/** As a share of what is served. */
const MOST_REFUSED = 0.05;
const TRIES = 4;

/**
 * Measures all contenders in turn, round by round, every second round in reverse order, so that whatever else the
 * machine does affects all. Requests are signed before their round, and each round begins with an unmeasured one,
 * because a contender that idled while others ran is cold.
 */
export async function contest(
  contenders: readonly Contender[],
  { inFlight, effort, perSecond, warmedUp }: Contest,
): Promise<Rounds> {
  const fastest = new Map<string, number>();
  const shots = new Map<string, Shot[]>(contenders.map(({ name }) => [name, []]));
  const shoot = async (one: Contender, seconds: number): Promise<Shot> => {
    const { port, again = false, each = 1, worth } = one;
    const rate = perSecond ?? (fastest.get(one.name) ?? FIRST_PER_SECOND) * 1.6;
    const requests = await one.requests(again ? 1 : Math.ceil((rate * seconds) / each) + inFlight);
    const shot = await fire({
      port,
      requests,
      inFlight,
      seconds,
      again,
      ...(perSecond !== undefined && { perSecond }),
      ...(worth !== undefined && { worth }),
    });
    fastest.set(one.name, Math.max(shot.perSecond, (fastest.get(one.name) ?? 0) * 0.8));
    return shot;
  };
  for (const one of contenders) for (let i = 0; i < effort.warmups; i++) await shoot(one, effort.seconds);
  await warmedUp?.();
  for (let round = 0; round < effort.rounds; round++) {
    for (const one of round % 2 === 0 ? contenders : contenders.toReversed()) {
      await shoot(one, effort.seconds / 4);
      const shot = await served(() => shoot(one, effort.seconds));
      shots.get(one.name)?.push(shot);
    }
  }
  return shots;
}

/**
 * A round in which nearly everything was served. While the machine is busy with something else, one server may be late
 * for another; then the round is repeated.
 */
async function served(shoot: () => Promise<Shot>): Promise<Shot> {
  for (let tries = 1; ; tries++) {
    const shot = await shoot();
    if (shot.refused <= MOST_REFUSED * shot.count) return shot;
    if (tries === TRIES) throw new Error(`${shot.refused} requests were refused, and ${shot.count} served.`);
  }
}

/** `ours` divided by `theirs`, round by round. */
export function ratio(
  rounds: Rounds,
  { ours, theirs, of = ({ perSecond }) => perSecond }: { ours: string; theirs: string; of?: (shot: Shot) => number },
): Spread {
  const [mine = [], others = []] = [rounds.get(ours), rounds.get(theirs)];
  return spread(mine.map((shot, index) => of(shot) / of(others[index] ?? shot)));
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { median: median ?? 0, lowest: sorted[0] ?? 0, highest: sorted.at(-1) ?? 0 };
}

/** The contender with the highest median. */
export function best(rounds: Rounds, names: readonly string[]): string {
  const median = (name: string): number => spread((rounds.get(name) ?? []).map(({ perSecond }) => perSecond)).median;
  return names.toSorted((a, b) => median(b) - median(a))[0] ?? '';
}
