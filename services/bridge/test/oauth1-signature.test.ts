import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import OAuth from 'oauth-1.0a';
import { authorizationOf, signatureBaseString } from '../src/upstream/oauth1-signature.ts';

describe('the signature base string', () => {
  test('is that of RFC 5849 §3.4.1.1, with repeated parameters of query and body', () => {
    const base = signatureBaseString(
      {
        method: 'POST',
        url: new URL('http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b'),
        form: [
          ['c2', ''],
          ['a3', '2 q'],
        ],
      },
      [
        ['oauth_consumer_key', '9djdj82h48djs9d2'],
        ['oauth_token', 'kkk9d7dh3k39sjv7'],
        ['oauth_signature_method', 'HMAC-SHA1'],
        ['oauth_timestamp', '137131201'],
        ['oauth_nonce', '7d8f3e4a'],
      ],
    );
    expect(base).toBe(
      'POST&http%3A%2F%2Fexample.com%2Frequest&' +
        'a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26' +
        'oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26' +
        'oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
    );
  });

  test('names the port only where it is not the usual one (RFC 5849 §3.4.1.2)', () => {
    const uri = (url: string): string =>
      decodeURIComponent(signatureBaseString({ method: 'GET', url: new URL(url) }, []).split('&')[1] ?? '');
    expect(uri('http://EXAMPLE.COM:80/r%20v/X?id=123')).toBe('http://example.com/r%20v/X');
    expect(uri('https://www.example.net:8080/?q=1')).toBe('https://www.example.net:8080/');
  });
});

const CREDENTIALS = { consumerKey: 'dpf43f3p2l4k3l03', consumerSecret: 'kd94hf93k423kf44' };
const signatureIn = (header: string): string => decodeURIComponent(/oauth_signature="([^"]+)"/.exec(header)?.[1] ?? '');

describe('a signature', () => {
  test('by HMAC-SHA1 is that of RFC 5849 §1.2', () => {
    const header = authorizationOf(
      { method: 'GET', url: new URL('http://photos.example.net/photos?file=vacation.jpg&size=original') },
      {
        method: 'HMAC-SHA1',
        secrets: { ...CREDENTIALS, token: 'nnch734d00sl2jdk', tokenSecret: 'pfkkdhi9sl3r4s00' },
        fresh: { timestamp: 137131202, nonce: 'chapoH' },
      },
    );
    // the example of the RFC has no oauth_version; this is what the independent library makes of the same parameters
    // with it
    expect(signatureIn(header)).toBe(
      expectedBy('HMAC-SHA1', {
        url: 'http://photos.example.net/photos?file=vacation.jpg&size=original',
        method: 'GET',
        secret: 'pfkkdhi9sl3r4s00',
        data: parametersOf(header),
      }),
    );
    expect(rfcSignature()).toBe('MdpQcU8iPSUjWoN/UDMsK2sui9I=');
  });

  test('by PLAINTEXT is both secrets (RFC 5849 §3.4.4)', () => {
    const header = authorizationOf(
      { method: 'POST', url: new URL('https://photos.example.net/initiate') },
      {
        method: 'PLAINTEXT',
        secrets: { consumerKey: 'k', consumerSecret: 'a&b', tokenSecret: 'c%d' },
        fresh: { timestamp: 1, nonce: 'n' },
      },
    );
    expect(signatureIn(header)).toBe('a%26b&c%25d');
  });

  test('by RSA-SHA1 is one that the public key fits, over the same base string (RFC 5849 §3.4.3)', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const consumerSecret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const url = new URL('https://photos.example.net/photos?size=original');
    const header = authorizationOf(
      { method: 'GET', url },
      {
        method: 'RSA-SHA1',
        secrets: { consumerKey: 'k', consumerSecret, token: 't', tokenSecret: 'of no use here' },
        fresh: { timestamp: 1, nonce: 'n' },
      },
    );
    const base = new OAuth({ consumer: { key: 'k', secret: '' } }).getBaseString(
      { url: url.href, method: 'GET' },
      parametersOf(header) as unknown as OAuth.Data,
    );
    expect(verify('sha1', Buffer.from(base), publicKey, Buffer.from(signatureIn(header), 'base64'))).toBe(true);
  });

  test.each(['HMAC-SHA1', 'HMAC-SHA256'] as const)(
    'by %s is what an independent library makes of it, whatever is signed',
    (method) => {
      const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((it) => it.isWellFormed());
      fc.assert(
        fc.property(
          fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
          // the library does not decode names: those of the RFC's example are tested above
          fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), text, { maxKeys: 4 }),
          text,
          text,
          (verb, query, consumerSecret, tokenSecret) => {
            const url = new URL('https://api.example:8443/v1/a%20b/c');
            url.search = Object.entries(query)
              .map((pair) => pair.map(encodeURIComponent).join('='))
              .join('&');
            const header = authorizationOf(
              { method: verb, url },
              {
                method,
                secrets: { consumerKey: 'key', consumerSecret, token: 't', tokenSecret },
                fresh: { timestamp: 1, nonce: 'n' },
              },
            );
            const library = expectedBy(method, {
              url: url.href,
              method: verb,
              secret: tokenSecret,
              consumerSecret,
              data: parametersOf(header),
            });
            expect(signatureIn(header)).toBe(library);
          },
        ),
        { numRuns: 200 },
      );
    },
  );
});

/** The RFC's own example, from its base string and key. */
function rfcSignature(): string {
  const base = signatureBaseString(
    { method: 'GET', url: new URL('http://photos.example.net/photos?file=vacation.jpg&size=original') },
    [
      ['oauth_consumer_key', 'dpf43f3p2l4k3l03'],
      ['oauth_token', 'nnch734d00sl2jdk'],
      ['oauth_signature_method', 'HMAC-SHA1'],
      ['oauth_timestamp', '137131202'],
      ['oauth_nonce', 'chapoH'],
    ],
  );
  return createHmac('sha1', 'kd94hf93k423kf44&pfkkdhi9sl3r4s00').update(base).digest('base64');
}

function parametersOf(header: string): Record<string, string> {
  const found = header.matchAll(/(oauth_[a-z_]+)="([^"]*)"/g);
  const { oauth_signature: _, ...rest } = Object.fromEntries(
    [...found].map(([, name = '', value = '']) => [name, decodeURIComponent(value)]),
  );
  return rest;
}

function expectedBy(
  method: 'HMAC-SHA1' | 'HMAC-SHA256',
  input: { url: string; method: string; secret: string; consumerSecret?: string; data: Record<string, string> },
): string {
  const hash = method === 'HMAC-SHA1' ? 'sha1' : 'sha256';
  const library = new OAuth({
    consumer: { key: 'any', secret: input.consumerSecret ?? CREDENTIALS.consumerSecret },
    signature_method: method,
    hash_function: (base, key) => createHmac(hash, key).update(base).digest('base64'),
  });
  return library.getSignature(
    { url: input.url, method: input.method },
    input.secret,
    input.data as unknown as OAuth.Data,
  );
}
