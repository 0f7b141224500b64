import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evaluate, evaluateAll } from '../src/rules/evaluate.ts';
import type { Rule } from '../src/rules/rule.ts';

const question = { connectionId: 'con_1', linkId: 'lnk_1', scope: 'entries.read' };
const rule = (effect: Rule['effect'], pins: Partial<Omit<Rule, 'effect'>> = {}): Rule => ({
  connectionId: null,
  linkId: null,
  scope: null,
  ...pins,
  effect,
});

describe('rules', () => {
  it('ask where nothing was decided', () => {
    expect(evaluate([], question)).toBe('ask');
  });

  it('do not reach beyond what they pin', () => {
    expect(
      evaluate([rule('allow', { connectionId: 'con_2' }), rule('allow', { scope: 'entries.write' })], question),
    ).toBe('ask');
  });

  it('let the one with the most pins win', () => {
    const rules = [
      rule('deny'),
      rule('ask', { scope: 'entries.read' }),
      rule('allow', { connectionId: 'con_1', linkId: 'lnk_1', scope: 'entries.read' }),
    ];
    expect(evaluate(rules, question)).toBe('allow');
  });

  it('let deny beat ask and ask beat allow among equally specific ones, in any order', () => {
    const pins = { connectionId: 'con_1', scope: 'entries.read' };
    const rules = [rule('allow', pins), rule('deny', { linkId: 'lnk_1', scope: 'entries.read' }), rule('ask', pins)];
    expect(evaluate(rules, question)).toBe('deny');
    expect(evaluate(rules.toReversed(), question)).toBe('deny');
    expect(evaluate([rule('allow', pins), rule('ask', pins)], question)).toBe('ask');
  });

  it('answer for several scopes with the strictest answer of any', () => {
    const rules = [rule('allow', { scope: 'entries.read' }), rule('deny', { scope: 'entries.write' })];
    expect(evaluateAll(rules, question, ['entries.read'])).toBe('allow');
    expect(evaluateAll(rules, question, ['entries.read', 'entries.other'])).toBe('ask');
    expect(evaluateAll(rules, question, ['entries.read', 'entries.other', 'entries.write'])).toBe('deny');
  });

  it('treat look-alike and differently cased scopes as other scopes', () => {
    const rules = [rule('allow', { scope: 'entries.read' })];
    expect(evaluate(rules, { ...question, scope: 'Entries.read' })).toBe('ask');
    expect(evaluate(rules, { ...question, scope: 'entries.reаd' })).toBe('ask');
  });

  it('never allow by an effect that nobody knows', () => {
    const unknown = [rule('maybe' as Rule['effect'], question)];
    expect(evaluate(unknown, question)).not.toBe('allow');
    expect(evaluateAll([...unknown, rule('allow', question)], question, ['entries.read'])).not.toBe('allow');
    expect(evaluateAll([rule('allow', question), ...unknown], question, ['entries.read'])).not.toBe('allow');
  });

  it('never depend on the order of rules', () => {
    const pin = (value: string) => fc.constantFrom(null, value, 'other');
    const anyRule = fc.record({
      connectionId: pin('con_1'),
      linkId: pin('lnk_1'),
      scope: pin('entries.read'),
      effect: fc.constantFrom<Rule['effect']>('allow', 'ask', 'deny'),
    });
    const shuffled = fc
      .array(anyRule, { maxLength: 12 })
      .chain((rules) => fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })));
    fc.assert(
      fc.property(shuffled, ([rules, other]) => {
        expect(evaluate(other, question)).toBe(evaluate(rules, question));
      }),
      { seed: 7 },
    );
  });

  it('never allow more when a deny as specific as any allow is added', () => {
    const effects = fc.array(fc.constantFrom<Rule['effect']>('allow', 'ask'), { maxLength: 8 });
    fc.assert(
      fc.property(effects, (list) => {
        const rules = [...list.map((effect) => rule(effect, question)), rule('deny', question)];
        expect(evaluate(rules, question)).toBe('deny');
      }),
      { seed: 7 },
    );
  });
});
