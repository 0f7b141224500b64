import { expect, test } from '@jest/globals';
import { ownRanges } from '../src/index.ts';

test.each(['localhost', '127.0.0.1', '[::1]', 'nothing-of-this-name.localhost'])(
  '%s of ours is loopback',
  async (name) => {
    expect(await ownRanges(name)).toEqual(['127.0.0.0/8', '::1/128']);
  },
);

test.each([
  ['192.0.2.7', '192.0.2.7/32'],
  ['[2001:db8::7]', '2001:db8::7/128'],
])('%s of ours is where it is found, and nowhere else', async (name, range) => {
  expect(await ownRanges(name)).toEqual([range]);
});
