import { describe, expect, test } from '@jest/globals';
import { localPath } from '../src/index.ts';

describe('a path to go back to', () => {
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

  test('one without end is not taken', () => {
    expect(localPath(`/${'a'.repeat(3_000)}`, '/home')).toBe('/home');
  });

  test.each(['/', '/rooms', '/rooms?a=1&b=%20', '/authorize?client_id=https%3A%2F%2Fr.example%2F&request_uri=urn%3Ax'])(
    '%s is kept',
    (path) => {
      expect(localPath(path, '/home')).toBe(path);
    },
  );
});
