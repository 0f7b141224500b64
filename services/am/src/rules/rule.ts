/**
 * What the owner has decided about a kind of request. A null connection, link or scope stands for any. A rule is never
 * changed, only replaced, so its id identifies a version of the decision.
 */
export interface Rule {
  readonly id: string;
  readonly connectionId: string | null;
  readonly linkId: string | null;
  readonly scope: string | null;
  readonly effect: Effect;
  /** How often it allows; null: without limit. */
  readonly limit: RuleLimit | null;
  /** When it ends, in epoch seconds; null: with the connection or link that it names. */
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

/** `day`: 24 hours, starting with the first use. */
export type LimitPeriod = 'day' | 'all';
