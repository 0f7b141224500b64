import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { freshForSeconds } from '../src/freshness.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const piece = fc.constantFrom(
  'max-age',
  '=',
  '60',
  '"60"',
  '-1',
  '1e9',
  '99999999999',
  ',',
  ' ',
  '\t',
  'no-store',
  'no-cache',
  'private="max-age=5"',
  's-maxage=9',
  '\u0000',
  'MAX-AGE',
); // prettier-ignore
const header = fc.oneof(
  anyText,
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
);
const values = fc.oneof(header, fc.array(header, { maxLength: 3 }), fc.constant(undefined));

test('whatever Cache-Control and Age say, an answer is fresh for a whole number of seconds, at least 0', () => {
  fc.assert(
    fc.property(values, values, (control, age) => {
      const seconds = freshForSeconds({ 'cache-control': control, age });
      expect(Number.isInteger(seconds) && seconds >= 0).toBe(true);
    }),
    { numRuns: 1_000, seed: 31 },
  );
});

test('no-store and no-cache win wherever they stand', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(['no-store', 'max-age=60', 'public', 'No-Cache'], { minLength: 1 }),
      (directives) => {
        const forbidden = directives.some((directive) => /^no-/i.test(directive));
        const expected = forbidden || !directives.includes('max-age=60') ? 0 : 60;
        expect(freshForSeconds({ 'cache-control': directives.join(', ') })).toBe(expected);
      },
    ),
    { seed: 32 },
  );
});
