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
  let verdict: Verdict = { effect: 'ask', rule: null };
  let most = -1;
  for (const rule of rules) {
    const { connectionId, linkId, scope } = rule;
    if (!fits(connectionId, question.connectionId) || !fits(linkId, question.linkId) || !fits(scope, question.scope))
      continue;
    const [effect, pins] = [effectOf(rule), pinsOf(rule)];
    if (pins < most || (pins === most && strictness(effect) <= strictness(verdict.effect))) continue;
    verdict = { effect, rule };
    most = pins;
  }
  return verdict;
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

function pinsOf({ connectionId, linkId, scope }: Rule): number {
  return Number(connectionId !== null) + Number(linkId !== null) + Number(scope !== null);
}

/** An effect that is unknown, should one ever be stored, is stricter than any. */
function strictness(effect: Effect): number {
  return STRICTNESS.get(effect) ?? Infinity;
}

/**
 * The rules in a row's JSON, each as an array of its fields (`rulesInForce`), or null if one of them is malformed: an
 * answer that cannot be read is no answer.
 */
export function readRules(json: unknown): readonly Rule[] | null {
  if (!Array.isArray(json)) return null;
  const rules: Rule[] = [];
  for (const fields of json) {
    const rule = Array.isArray(fields) ? readRule(fields) : null;
    if (rule === null) return null;
    rules.push(rule);
  }
  return rules;
}

function readRule([id, connectionId, linkId, scope, effect, until, limit]: readonly unknown[]): Rule | null {
  if (typeof id !== 'string' || !isPin(connectionId) || !isPin(linkId) || !isPin(scope) || !isEffect(effect))
    return null;
  if ((until !== null && typeof until !== 'number') || (limit !== null && !isLimit(limit))) return null;
  return { id, connectionId, linkId, scope, effect, until, limit };
}

const isPin = (value: unknown): value is string | null => value === null || typeof value === 'string';

const isEffect = (value: unknown): value is Effect => typeof value === 'string' && STRICTNESS.has(value);

const PERIODS: readonly unknown[] = ['day', 'all'] satisfies LimitPeriod[];

function isLimit(json: unknown): json is RuleLimit {
  if (typeof json !== 'object' || json === null) return false;
  const { id, most, per, left } = json as Readonly<Record<keyof RuleLimit, unknown>>;
  return typeof id === 'string' && PERIODS.includes(per) && [most, left].every(Number.isInteger);
}
