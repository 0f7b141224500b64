import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  defaultResource,
  type Issuer,
  issuerFromAddress,
  parseIssuer,
  parseResource,
  resourceMetadataUrl,
  type Schemes,
  serverMetadataUrl,
  networkOf,
  sourceOf,
} from '../src/index.ts';

const HTTPS: Schemes = ['https'];
const DEMO: Schemes = ['https', 'http'];

describe('an issuer', () => {
  test.each([
    'https://photos.example',
    'https://photos.example:8443',
    'https://xn--bcher-kva.example',
    'https://my_photos.example',
    'https://[2001:db8::1]',
  ])('in canonical form is one: %s', (value) => expect(parseIssuer(value, HTTPS)).toBe(value));

  test.each([
    ['upper-case host', 'https://Photos.example'],
    ['upper-case scheme', 'HTTPS://photos.example'],
    ['default port', 'https://photos.example:443'],
    ['leading zero in the port', 'https://photos.example:08443'],
    ['empty port', 'https://photos.example:'],
    ['trailing dot', 'https://photos.example.'],
    ['trailing slash', 'https://photos.example/'],
    ['path', 'https://photos.example/a'],
    ['query', 'https://photos.example?a'],
    ['empty query', 'https://photos.example?'],
    ['fragment', 'https://photos.example#a'],
    ['empty fragment', 'https://photos.example#'],
    ['user', 'https://u@photos.example'],
    ['empty user', 'https://@photos.example'],
    ['password', 'https://:p@photos.example'],
    ['backslash', 'https:\\\\photos.example'],
    ['backslash as host', 'https://photos.example\\@evil.example'],
    ['full-width letters', 'https://ｐhotos.example'],
    ['full-width dot', 'https://photos。example'],
    ['name beyond ASCII', 'https://bücher.example'],
    ['percent-encoded host', 'https://%70hotos.example'],
    ['zero-width space', 'https://photos\u200b.example'],
    ['semicolon in the host', 'https://photos;x.example'],
    ['quote in the host', "https://photos'x.example"],
    ['empty label', 'https://photos..example'],
    ['white space before', ' https://photos.example'],
    ['line break inside', 'https://photos\n.example'],
    ['decimal address', 'https://2130706433'],
    ['short address', 'https://127.1'],
    ['single slash', 'https:/photos.example'],
    ['no slashes', 'https:photos.example'],
    ['another scheme', 'ftp://photos.example'],
    ['script', 'javascript:alert(1)'],
    ['nothing', ''],
    ['no host', 'https://'],
    ['too long', `https://${'a.'.repeat(1000)}example`],
  ])('is refused with %s', (_what, value) => expect(parseIssuer(value, DEMO)).toBeNull());

  test('may be http only where the deployment says so', () => {
    expect(parseIssuer('http://photos.localhost:4811', DEMO)).toBe('http://photos.localhost:4811');
    expect(parseIssuer('http://photos.localhost:4811', HTTPS)).toBeNull();
  });
});

describe('an address that a person typed', () => {
  test.each([
    ['photos.example', 'https://photos.example'],
    ['  Photos.Example  ', 'https://photos.example'],
    ['HTTPS://Photos.Example:443/', 'https://photos.example'],
    ['photos.example.', 'https://photos.example'],
    ['https://photos.example/albums/1', 'https://photos.example'],
    ['photos.example:8443', 'https://photos.example:8443'],
    ['ｐhotos.example', 'https://photos.example'],
    ['bücher.example', 'https://xn--bcher-kva.example'],
    ['photos.localhost:4811', 'http://photos.localhost:4811'],
    ['photos.localhost.evil.example', 'https://photos.localhost.evil.example'],
    ['localhost:4811', 'https://localhost:4811'],
    ['//photos.example', 'https://photos.example'],
  ])('%j names %s', (typed, issuer) => expect(issuerFromAddress(typed, DEMO)).toBe(issuer));

  test.each([
    '',
    '   ',
    'u@photos.example',
    'https://u:p@photos.example',
    'photos.example#x',
    'photos.example?x=y',
    'photos.example\\evil',
    'photos .example',
    'photos.example..',
    'photos;x.example',
    "photos'x.example",
    'ftp://photos.example',
    'javascript:alert(1)',
    'javascript://photos.example',
    'data:text/html,x',
    'https://',
    'a'.repeat(3000),
  ])('%j names none', (typed) => expect(issuerFromAddress(typed, DEMO)).toBeNull());

  test('names an issuer in canonical form, or none', () => {
    const piece = fc.constantFrom(
      'https://',
      'HTTP://',
      'a',
      'B',
      '.',
      '..',
      ':',
      '443',
      '/',
      '@',
      '\\',
      '#',
      '?',
      'ü',
      '。',
      '１',
      '%2e',
      '[',
      ']',
      '::1',
      ' ',
      '\u200b',
      '.localhost',
    );
    let named = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.array(piece, { maxLength: 7 }).map((each) => each.join('')),
        ),
        (typed) => {
          const issuer = issuerFromAddress(typed, DEMO);
          if (issuer === null) return;
          named += 1;
          expect(parseIssuer(issuer, DEMO)).toBe(issuer);
          expect(issuerFromAddress(issuer, DEMO)).toBe(issuer);
        },
      ),
      { numRuns: 2000, seed: 7 },
    );
    expect(named).toBeGreaterThan(100);
  });
});

describe('a resource', () => {
  test.each([
    'https://photos.example/api',
    'https://photos.example',
    'https://photos.example/api/',
    'https://photos.example:8443/a/b',
    'https://photos.example/a%20b',
  ])('in canonical form is one: %s', (value) => expect(parseResource(value, HTTPS)).toBe(value));

  test.each([
    'https://photos.example/',
    'https://Photos.example/api',
    'https://photos.example:443/api',
    'https://photos.example./api',
    'https://photos.example/api#f',
    'https://photos.example/api#',
    'https://photos.example/api?q',
    'https://photos.example/api?',
    'https://u@photos.example/api',
    'https://photos.example/a/../api',
    'https://photos.example/a/./api',
    'https://photos.example/%2e%2e/api',
    'https://photos.example\\api',
    'https://photos.example/a b',
    'https://photos.example/ü',
    'https://photos.example/\0',
    'https:/photos.example/api',
    'http://photos.example/api',
    '/api',
    'api',
    'urn:photos',
    '',
    `https://photos.example/${'a'.repeat(2000)}`,
  ])('is refused otherwise: %j', (value) => expect(parseResource(value, HTTPS)).toBeNull());

  test('that is accepted has no second spelling', () => {
    const path = fc
      .array(fc.constantFrom('a', '/', '.', '..', '%2e', '%41', 'B'), { maxLength: 6 })
      .map((each) => each.join(''));
    fc.assert(
      fc.property(path, (tail) => {
        const value = `https://photos.example/${tail}`;
        const resource = parseResource(value, HTTPS);
        if (resource === null) return;
        expect(new URL(resource).href.replace(/(?<=example)\/$/, '')).toBe(resource);
      }),
    );
  });
});

test('the well-known addresses are those of RFC 8414 and RFC 9728', () => {
  const issuer = 'https://photos.example' as Issuer;
  expect(serverMetadataUrl(issuer)).toBe('https://photos.example/.well-known/oauth-authorization-server');
  const resource = defaultResource(issuer);
  expect(parseResource(resource, HTTPS)).toBe('https://photos.example/api');
  expect(resourceMetadataUrl(resource)).toBe('https://photos.example/.well-known/oauth-protected-resource/api');
  const origin = parseResource('https://photos.example', HTTPS);
  expect(origin && resourceMetadataUrl(origin)).toBe('https://photos.example/.well-known/oauth-protected-resource');
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:1:2::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8::2', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['64:ff9b::203.0.113.7', '64:ff9b:0:0'],
])('the source %s counts as %s: an IPv6 source is its /64, however it is written', (ip, source) => {
  expect(sourceOf(ip)).toBe(source);
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1'],
  ['2001:0DB8:1:ffff::1', '2001:db8:1'],
])('the source %s is of the network %s: an IPv6 /48', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});
