import type { RuleLimit } from './rule.ts';

/** How often something is allowed: "at most 5 times a day". */
export function limitWords({ most, per }: Pick<RuleLimit, 'most' | 'per'>): string {
  const times = most === 1 ? 'once' : `${most} times`;
  return `at most ${times} ${per === 'day' ? 'a day' : 'in all'}`;
}

/** How much of a limit is left: "2 of them left". */
export function leftWords({ left, most }: Pick<RuleLimit, 'most' | 'left'>): string {
  if (left <= 0) return 'used up, so you are asked';
  return left === most ? 'not used yet' : `${left} of them left`;
}
