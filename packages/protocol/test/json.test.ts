import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMIT, parseJson } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const malformed = { kind: 'malformed', reason: expect.any(String) as unknown };
const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth);

describe('JSON', () => {
  test('that JSON.stringify writes is read as JSON.parse reads it, as text and as bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!text.includes('"__proto__"'));
        const expected = { kind: 'json', value: JSON.parse(text) as unknown };
        expect(parseJson(text)).toEqual(expected);
        expect(parseJson(bytes(text))).toEqual(expected);
      }),
    );
  });

  test('that is accepted means what JSON.parse says, however odd it looks', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '"\\u0061"',
      '"\\""',
      '"',
      '\\',
      '1',
      ' ',
      'null',
      '"{"',
    );
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
        (text) => {
          const result = parseJson(text);
          if (result.kind === 'malformed') return;
          accepted += 1;
          expect(result.value).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 5000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test.each(['', ' ', 'nul', '{', '{"a":1', '{"a":1,}', "{'a':1}", '[1 2]', '{"a" "b"}', '01', 'NaN', '"\t"', '"\\x"'])(
    'is refused when it is none: %j',
    (text) => expect(parseJson(text)).toEqual(malformed),
  );
});

describe('a repeated member is refused', () => {
  test.each([
    ['twice the same', '{"a":1,"a":2}'],
    ['spelled with an escape', '{"a":1,"\\u0061":2}'],
    ['spelled with two different escapes', '{"\\u002f":1,"\\/":2}'],
    ['in an inner object', '{"a":[{"b":1,"c":{},"b":2}]}'],
    ['after an inner object of the same name', '{"a":{"a":1},"a":2}'],
    ['after an array', '{"a":[1,"a"],"a":2}'],
    ['with a surrogate pair spelled out', '{"\u{1f600}":1,"\\ud83d\\ude00":2}'],
  ])('%s', (_how, text) => {
    expect(JSON.parse(text)).toBeInstanceOf(Object);
    expect(parseJson(text)).toEqual(malformed);
  });

  test.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":2}]',
    '{"a":"a","b":["a","a"]}',
    '{"a":":","b":"{","c":",\\"a\\":1"}',
    '{"A":1,"a":2}',
  ])('and these are none: %s', (text) =>
    expect(parseJson(text)).toEqual({ kind: 'json', value: JSON.parse(text) as unknown }),
  );

  test('of any name, in any spelling', () => {
    const escapeUnit = (_: unknown, unit: number, name: string): string =>
      `\\u${name.charCodeAt(unit).toString(16).padStart(4, '0')}`;
    const escaped = (name: string): string =>
      `"${Array.from({ length: name.length }, (each, i) => escapeUnit(each, i, name)).join('')}"`;
    fc.assert(
      fc.property(fc.string({ maxLength: 5, unit: fc.constantFrom('a', '"', '\\', '{', 'é', ':') }), (name) => {
        expect(parseJson(`{${JSON.stringify(name)}:1,${escaped(name)}:2}`)).toEqual(malformed);
      }),
    );
  });
});

describe('a text is refused', () => {
  test.each(['{"__proto__":1}', '{"a":{"__proto__":{}}}', '{"\\u005f_proto__":1}'])(
    'with a member that reaches the prototype: %s',
    (text) => expect(parseJson(text)).toEqual(malformed),
  );

  test('that begins with a byte order mark', () => {
    expect(parseJson('\ufeff{}')).toEqual(malformed);
    expect(parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toEqual(malformed);
  });

  test('that is not UTF-8', () => {
    for (const inner of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(parseJson(Uint8Array.of(0x22, ...inner, 0x22))).toEqual(malformed);
    }
  });

  test('deeper than 32 levels, and is not at 32', () => {
    expect(parseJson(nested(LIMIT.jsonDepth))).toMatchObject({ kind: 'json' });
    expect(parseJson(nested(LIMIT.jsonDepth + 1))).toEqual(malformed);
    expect(parseJson(nested(LIMIT.jsonDepth + 1, '{"a":', '}').replace(':}', ':1}'))).toEqual(malformed);
    expect(parseJson('['.repeat(100_000))).toEqual(malformed);
    expect(parseJson(`[${Array(1000).fill('{}').join(',')}]`)).toMatchObject({ kind: 'json' });
  });
});

test('no input makes the parser throw', () => {
  const odd = fc.array(fc.constantFrom('{', '[', '"', '\\', ':', ',', 'a', '\ud800', '}', ']', '\\u00'), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.uint8Array(),
        odd.map((pieces) => pieces.join('')),
      ),
      (input) => {
        expect(['json', 'malformed']).toContain(parseJson(input).kind);
      },
    ),
  );
});

test('64 KB take linear time, also without a closing quote', () => {
  const texts = [
    `{"${'\\"'.repeat(32_000)}`,
    '"'.repeat(64_000),
    '\\'.repeat(64_000),
    `"${'\\'.repeat(63_999)}`,
    '{"a":'.repeat(10_000),
    ':,'.repeat(32_000),
  ];
  // processor time: the machine may be busy with other tests
  const before = process.cpuUsage();
  for (const text of texts) expect(parseJson(text)).toEqual(malformed);
  // quadratic time is seconds
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(500);
});
