/**
 * What the owner has decided about a kind of request. A pin that is null stands for any. None is ever changed: another
 * takes its place, so its id names a version of the decision.
 */
export interface Rule {
  readonly id: string;
  readonly connectionId: string | null;
  readonly linkId: string | null;
  readonly scope: string | null;
  readonly effect: Effect;
  /** How often it allows; null: as often as it is asked. */
  readonly limit: RuleLimit | null;
  /** Until when it holds, epoch seconds; null: as long as what it pins. */
  readonly until: number | null;
}

export type Effect = 'allow' | 'ask' | 'deny';

export interface RuleLimit {
  readonly id: string;
  readonly most: number;
  readonly per: LimitPeriod;
  /** How often it still allows. */
  readonly left: number;
}

/** `day`: 24 hours, which begin with the first time. */
export type LimitPeriod = 'day' | 'all';
