import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { localPath } from '../src/index.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

describe('a path to return to', () => {
  const hostile = [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/\n//evil.example',
    '/%0d%0aset-cookie:x',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '/./\\evil.example',
    ' /rooms',
    '@evil.example',
    'rooms',
    '',
    '/\u0000',
    '/\u0085',
  ];
  test.each(hostile)('%j stays on this site', (returnTo) => {
    const path = localPath(returnTo, '/home');
    expect(new URL(path, 'https://inn.example').origin).toBe('https://inn.example');
    expect(path).toMatch(/^\/[^/\\]/);
    expect(path).not.toMatch(/\p{Cc}/u);
  });

  test('any text stays on this site', () => {
    const local = /^\/(?![/\\])\P{Cc}*$/u;
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '@',
      ':',
      'evil.example',
      'https',
      '\t',
      '\n',
      '?',
      '#',
      '\u0000',
      '\u2028',
      'a',
    );
    const odd = fc.oneof(
      anyText,
      fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join('')}`),
      fc.array(fc.constantFrom('/', '.', '..', '%2e', 'a'), { maxLength: 6 }).map((pieces) => `/${pieces.join('/')}`),
    );
    fc.assert(
      fc.property(odd, (returnTo) => {
        const path = localPath(returnTo, '/home');
        expect(new URL(path, 'https://inn.example').origin).toBe('https://inn.example');
        expect([path, local.test(path)]).toEqual([path, true]);
      }),
      { numRuns: 2_000, seed: 33 },
    );
  });

  test('one that is very long is not used', () => {
    expect(localPath(`/${'a'.repeat(3_000)}`, '/home')).toBe('/home');
  });

  test.each(['/', '/rooms', '/rooms?a=1&b=%20', '/authorize?client_id=https%3A%2F%2Fr.example%2F&request_uri=urn%3Ax'])(
    '%s is kept',
    (path) => {
      expect(localPath(path, '/home')).toBe(path);
    },
  );
});
