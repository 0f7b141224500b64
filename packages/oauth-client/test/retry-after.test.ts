import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { retryAfterSeconds } from '../src/retry-after.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const odd = fc.oneof(
  anyText,
  fc.stringMatching(/^[ 0-9eE+.x,;-]{0,14}$/),
  fc.constantFrom('-1', '1e9', '0x10', ' 5', '5 ', '5, 5', '٥', 'Fri, 31 Dec 1999 23:59:59 GMT', '9'.repeat(400)),
);

test('any Retry-After is read as a whole number of seconds up to a day, or not at all', () => {
  fc.assert(
    fc.property(odd, (value) => {
      const seconds = retryAfterSeconds(value);
      if (seconds === undefined) return;
      expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400).toBe(true);
      expect(value).toMatch(/^[0-9]+$/);
    }),
    { numRuns: 1_000, seed: 30 },
  );
  expect([retryAfterSeconds('0'), retryAfterSeconds('7'), retryAfterSeconds('999999999')]).toEqual([0, 7, 86_400]);
});
