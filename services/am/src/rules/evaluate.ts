import type { ScopeSet } from '@chatelaine/protocol';
import type { Effect, Rule } from './rule.ts';

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

/**
 * The owner's answer for one scope. The rule with the most pins that fit wins; among equally specific ones deny beats ask beats allow;
 * where no rule fits the owner is asked. PROTOCOL §3.2.
 */
export function evaluate(rules: readonly Rule[], question: Question): Effect {
  const fitting = rules.filter(
    (rule) =>
      fits(rule.connectionId, question.connectionId) &&
      fits(rule.linkId, question.linkId) &&
      fits(rule.scope, question.scope),
  );
  const most = Math.max(0, ...fitting.map(pins));
  const winners = fitting.filter((rule) => pins(rule) === most);
  if (winners.length === 0) return 'ask';
  return winners.reduce<Effect>((strictest, rule) => stricter(strictest, rule.effect), 'allow');
}

/** The strictest answer over all scopes: one deny denies the whole, else one ask asks for the whole. */
export function evaluateAll(rules: readonly Rule[], question: Omit<Question, 'scope'>, scopes: ScopeSet): Effect {
  return scopes.reduce<Effect>(
    (strictest, scope) => stricter(strictest, evaluate(rules, { ...question, scope })),
    'allow',
  );
}

function fits(pin: string | null, value: string): boolean {
  return pin === null || pin === value;
}

function pins(rule: Rule): number {
  return [rule.connectionId, rule.linkId, rule.scope].filter((pin) => pin !== null).length;
}

function stricter(a: Effect, b: Effect): Effect {
  return strictness(b) > strictness(a) ? b : a;
}

/** Should a rule be read unchecked: an effect nobody knows is stricter than any. */
function strictness(effect: Effect): number {
  return STRICTNESS.get(effect) ?? Infinity;
}
