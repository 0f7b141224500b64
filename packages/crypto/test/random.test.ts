import { expect, test } from '@jest/globals';
import { systemRandom } from '../src/random.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('bytes are as many as were asked for, and no two are the same, also across a refill', () => {
  const counts = [0, 1, 16, 32, 4095, 4096, 4097, 10_000];
  expect(counts.map((count) => systemRandom(count).length)).toEqual(counts);
  const drawn = Array.from({ length: 5_000 }, () => hex(systemRandom(16)));
  expect(new Set(drawn).size).toBe(drawn.length);
});

test('what was given out stays as it was, whatever is drawn after it', () => {
  const first = systemRandom(32);
  const before = hex(first);
  for (let draws = 0; draws < 500; draws++) systemRandom(32);
  expect(hex(first)).toBe(before);
});

test.each([-1, -32, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
  '%d bytes are an error, and none after it is zero',
  (count) => {
    systemRandom(64);
    expect(() => systemRandom(count)).toThrow(RangeError);
    expect(hex(systemRandom(32))).not.toMatch(/^0+$/);
  },
);
