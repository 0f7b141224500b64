import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coversScope, formatScope, LIMIT, parseScope, sameScope, scopeKey } from '../src/index.ts';

/** RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E */
const scopeToken = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc
    .integer({ min: 0x21, max: 0x7e })
    .filter((code) => code !== 0x22 && code !== 0x5c)
    .map((code) => String.fromCharCode(code)),
});
const scopeSet = fc.uniqueArray(scopeToken, { minLength: 1, maxLength: 10 });

describe('a scope', () => {
  test('is read back from what is written', () => {
    fc.assert(fc.property(scopeSet, (scopes) => expect(parseScope(formatScope(scopes))).toEqual(scopes)));
  });

  test('is a set: repeats count once, order stays', () => {
    expect(parseScope('b a b a')).toEqual(['b', 'a']);
  });

  test.each(['', ' ', ' a', 'a ', 'a  b', 'a\tb', 'a\nb', 'a"', 'a\\b', 'ü', 'a\u00a0b', 'a\0', 'а\u200b', 'ａ'])(
    'is refused when it is none: %j',
    (value) => expect(parseScope(value)).toBeNull(),
  );

  test('is bounded in values and in their length', () => {
    const values = (count: number): string => Array.from({ length: count }, (_, i) => `s${i}`).join(' ');
    expect(parseScope(values(LIMIT.scopes))).toHaveLength(LIMIT.scopes);
    expect(parseScope(values(LIMIT.scopes + 1))).toBeNull();
    expect(parseScope(`${'a '.repeat(LIMIT.scopes)}a`)).toBeNull();
    expect(parseScope('a'.repeat(LIMIT.scopeChars))).not.toBeNull();
    expect(parseScope('a'.repeat(LIMIT.scopeChars + 1))).toBeNull();
  });

  test('no text makes the parser throw, and what it accepts has nothing but scope characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        for (const scope of parseScope(value) ?? []) expect(scope).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
      }),
    );
  });
});

describe('comparison', () => {
  test('a set covers exactly its subsets', () => {
    fc.assert(
      fc.property(scopeSet, fc.subarray(['a', 'b', 'c', 'd']), (granted, wanted) => {
        expect(coversScope(granted, wanted)).toBe(wanted.every((each) => granted.includes(each)));
        expect(coversScope([...granted, ...wanted], wanted)).toBe(true);
      }),
    );
  });

  test('is case-sensitive, and knows no prefixes', () => {
    expect(coversScope(['Read'], ['read'])).toBe(false);
    expect(coversScope(['read'], ['read:all'])).toBe(false);
    expect(coversScope(['__proto__x'], ['__proto__'])).toBe(false);
    expect(coversScope([], ['toString'])).toBe(false);
  });

  test('order and repeats make no difference to sameScope and scopeKey; another value does', () => {
    fc.assert(
      fc.property(scopeSet, fc.infiniteStream(fc.nat()), scopeToken, (scopes, random, extra) => {
        const shuffled = [...scopes, ...scopes.slice(0, 2)]
          .map((scope) => ({ scope, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ scope }) => scope);
        expect(sameScope(scopes, shuffled)).toBe(true);
        expect(scopeKey(scopes)).toBe(scopeKey(shuffled));
        fc.pre(!scopes.includes(extra));
        expect(sameScope(scopes, [...scopes, extra])).toBe(false);
        expect(scopeKey(scopes)).not.toBe(scopeKey([...scopes, extra]));
      }),
    );
  });
});
