import { expect, test } from '@jest/globals';
import { canonicalJson } from '../src/index.ts';

test('canonical JSON is that of RFC 8785: members by UTF-16, numbers and strings as in ECMAScript', () => {
  // RFC 8785 §3.2.2 and §3.2.3
  const numbers = [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000_000_000_000_000_000_000_000_001];
  const string = '€$\u000f\nA\'B"\\\\"/';
  expect(canonicalJson({ numbers, string, literals: [null, true, false] })).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
  const names = {
    '€': 'Euro',
    '\r': 'CR',
    '\ufb33': 'Dagesh',
    '1': 'One',
    '😀': 'Smiley',
    '\u0080': 'Control',
    ö: 'o',
  };
  const order = ['CR', 'One', 'Control', 'o', 'Euro', 'Smiley', 'Dagesh'];
  expect(Object.values(JSON.parse(canonicalJson(names)) as Record<string, string>)).toEqual(
    // `1` is an index, and JavaScript objects list those first
    ['One', ...order.filter((one) => one !== 'One')],
  );
  expect(() => canonicalJson(Number.NaN)).toThrow(TypeError);
});
