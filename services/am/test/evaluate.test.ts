import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evaluate as verdictOf, evaluateAll as verdictsOf } from '../src/rules/evaluate.ts';
import type { Rule } from '../src/rules/rule.ts';

const question = { connectionId: 'con_1', linkId: 'lnk_1', scope: 'entries.read' };
const evaluate = (...asked: Parameters<typeof verdictOf>) => verdictOf(...asked).effect;
const evaluateAll = (...asked: Parameters<typeof verdictsOf>) => verdictsOf(...asked).effect;
let made = 0;
const rule = (effect: Rule['effect'], pins: Partial<Omit<Rule, 'effect'>> = {}): Rule => ({
  id: `rule_${++made}`,
  limit: null,
  until: null,
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

  it('ask where one has allowed as often as it may, however little another says', () => {
    const limited = (left: number) => rule('allow', { ...question, limit: { id: 'lim_1', most: 3, per: 'day', left } });
    const [open, used] = [limited(1), limited(0)];
    expect([evaluate([open], question), evaluate([used], question)]).toEqual(['allow', 'ask']);
    expect(evaluate([rule('allow'), used], question)).toBe('ask');
    expect(evaluate([open, used], question)).toBe('ask');
    expect(evaluate([used, rule('deny', question)], question)).toBe('deny');
  });

  it('name the one that decided', () => {
    const [wide, narrow, strict] = [rule('deny'), rule('allow', question), rule('ask', question)];
    expect(verdictOf([wide, narrow], question)).toEqual({ effect: 'allow', rule: narrow });
    expect(verdictOf([wide, narrow, strict], question).rule).toBe(strict);
    expect(verdictOf([], question)).toEqual({ effect: 'ask', rule: null });
    const { verdicts } = verdictsOf([wide, narrow], question, ['entries.read', 'entries.write']);
    expect(verdicts.map((one) => one.rule)).toEqual([narrow, wide]);
  });

  it('never depend on the order of rules', () => {
    const pin = (value: string) => fc.constantFrom(null, value, 'other');
    const anyRule = fc.record<Rule>({
      id: fc.uuid(),
      until: fc.constant(null),
      limit: fc.constantFrom(
        null,
        { id: 'lim_1', most: 2, per: 'day', left: 0 },
        { id: 'lim_2', most: 2, per: 'all', left: 1 },
      ),
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
