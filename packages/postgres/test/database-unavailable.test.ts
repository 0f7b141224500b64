import { expect, test } from '@jest/globals';
import { isDatabaseUnavailable } from '../src/index.ts';

test.each<[unknown, boolean]>([
  [Object.assign(new Error('x'), { code: '57P01' }), true],
  [Object.assign(new Error('x'), { code: '53300' }), true],
  [Object.assign(new Error('x'), { code: '08006' }), true],
  [Object.assign(new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })], ''), {}), true],
  [new Error('Connection terminated unexpectedly'), true],
  [
    Object.assign(new Error('x'), {
      code: 'P2010',
      meta: { driverAdapterError: { cause: { kind: 'DatabaseNotReachable' } } },
    }),
    true,
  ],
  // a Prisma transaction that got no connection in time, or held one for too long
  [Object.assign(new Error('x'), { code: 'P2028' }), true],
  [Object.assign(new Error('x'), { code: '23505' }), false],
  [Object.assign(new Error('x'), { code: '42P01' }), false],
  [new TypeError('x is not a function'), false],
  ['ECONNREFUSED', false],
  [null, false],
])('%p: %p', (error, unavailable) => {
  expect(isDatabaseUnavailable(error)).toBe(unavailable);
});
