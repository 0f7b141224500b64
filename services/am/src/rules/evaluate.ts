import type { ScopeSet } from '@chatelaine/protocol';
import type { Effect, LimitPeriod, Rule, RuleLimit } from './rule.ts';

const STRICTNESS: ReadonlyMap<string, number> = new Map([
  ['allow', 0],
  ['ask', 1],
  ['deny', 2],
]);

interface Question {
  readonly connectionId: string;
  readonly linkId: string;
  readonly scope: string;
}

/** The owner's answer, and the rule that gives it. */
export interface Verdict {
  readonly effect: Effect;
  /** Null: no rule fits, so the owner is asked. */
  readonly rule: Rule | null;
}

/**
 * The owner's answer for one scope. Of the rules that fit, the most specific one wins; among equally specific ones deny
 * beats ask, and ask beats allow. Where no rule fits, the owner is asked, and so they are by a rule that has reached
 * its limit. PROTOCOL §3.2.
 */
export function evaluate(rules: readonly Rule[], question: Question): Verdict {
  const fitting = rules.filter(
    (rule) =>
      fits(rule.connectionId, question.connectionId) &&
      fits(rule.linkId, question.linkId) &&
      fits(rule.scope, question.scope),
  );
  const most = Math.max(0, ...fitting.map(pins));
  const [first, ...others] = fitting.filter((rule) => pins(rule) === most);
  if (first === undefined) return { effect: 'ask', rule: null };
  return others.reduce<Verdict>(
    (verdict, rule) => {
      const effect = effectOf(rule);
      return strictness(effect) > strictness(verdict.effect) ? { effect, rule } : verdict;
    },
    { effect: effectOf(first), rule: first },
  );
}

/** The strictest answer over all scopes: one deny denies everything, otherwise one ask asks for everything. */
export function evaluateAll(
  rules: readonly Rule[],
  question: Omit<Question, 'scope'>,
  scopes: ScopeSet,
): { readonly effect: Effect; readonly verdicts: readonly Verdict[] } {
  const verdicts = scopes.map((scope) => evaluate(rules, { ...question, scope }));
  const effect = verdicts.reduce<Effect>(
    (strictest, one) => (strictness(one.effect) > strictness(strictest) ? one.effect : strictest),
    'allow',
  );
  return { effect, verdicts };
}

const effectOf = ({ effect, limit }: Rule): Effect =>
  effect === 'allow' && limit !== null && limit.left <= 0 ? 'ask' : effect;

function fits(pin: string | null, value: string): boolean {
  return pin === null || pin === value;
}

function pins(rule: Rule): number {
  return [rule.connectionId, rule.linkId, rule.scope].filter((pin) => pin !== null).length;
}

/** An effect that is unknown, should one ever be stored, is stricter than any. */
function strictness(effect: Effect): number {
  return STRICTNESS.get(effect) ?? Infinity;
}

/** The rules in a row's JSON, or null if one of them is malformed: an answer that cannot be read is no answer. */
export function readRules(json: unknown): readonly Rule[] | null {
  return Array.isArray(json) && json.every(isRule) ? json : null;
}

function isRule(json: unknown): json is Rule {
  const { id, connectionId, linkId, scope, effect, limit, until } = json as Readonly<Record<keyof Rule, unknown>>;
  const arePins = [connectionId, linkId, scope].every((pin) => pin === null || typeof pin === 'string');
  const isTime = until === null || typeof until === 'number';
  return typeof id === 'string' && arePins && isEffect(effect) && isTime && (limit === null || isLimit(limit));
}

const isEffect = (value: unknown): value is Effect => typeof value === 'string' && STRICTNESS.has(value);

const PERIODS: readonly unknown[] = ['day', 'all'] satisfies LimitPeriod[];

function isLimit(json: unknown): json is RuleLimit {
  if (typeof json !== 'object' || json === null) return false;
  const { id, most, per, left } = json as Readonly<Record<keyof RuleLimit, unknown>>;
  return typeof id === 'string' && PERIODS.includes(per) && [most, left].every(Number.isInteger);
}
