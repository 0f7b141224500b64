import { expect, test } from '@jest/globals';
import { acceptedWeights } from '../src/index.ts';

test.each<[string, Readonly<Record<string, number>>]>([
  ['', { '': 1 }],
  ['text/html', { 'text/html': 1 }],
  ['text/html, application/JSON;q=0.9, */*;q=0.8', { 'text/html': 1, 'application/json': 0.9, '*/*': 0.8 }],
  ['application/json; charset=utf-8 ; Q=0.5', { 'application/json': 0.5 }],
  ['text/html;q=0, text/html', { 'text/html': 0 }],
  // RFC 9110 §12.4.2: three digits at the most, and nothing else is a weight
  ['a/b;q=0.1234, c/d;q=2, e/f;q=-1, g/h;q=1e0, i/j;q=', { 'a/b': 0, 'c/d': 0, 'e/f': 0, 'g/h': 0, 'i/j': 0 }],
])('Accept: %s', (accept, weights) => {
  expect(Object.fromEntries(acceptedWeights(accept))).toEqual(weights);
});
