import { createPublicKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createDpopProof,
  generateSigningKey,
  type Jwks,
  publicJwks,
  signJwt,
  signShortJwt,
  unverifiedIssuer,
} from '../src/index.ts';
import { b64, clockAt, forge, forgeHmac, NOW } from './fixtures.ts';
import { AM, claims, edKey, header, HOST, key, refused, TYP, verify, without } from './statement.ts';

describe('a good token', () => {
  test.each([['ES256', key] as const, ['EdDSA', edKey] as const])(
    'signed with %s is valid and gives its claims',
    async (_alg, signer) => {
      const token = await signJwt({ typ: TYP, claims, key: signer });
      expect(await verify(token, { keys: publicJwks([signer]) })).toEqual({ kind: 'valid', claims });
    },
  );

  test('Ed25519 is read under its RFC 9864 name too', async () => {
    const token = forge({ ...header, alg: 'Ed25519', kid: edKey.kid }, claims, edKey);
    expect(await verify(token, { keys: publicJwks([edKey]) })).toMatchObject({ kind: 'valid' });
  });

  test('a short-lived one carries iat, exp and a jti that is new each time', async () => {
    const input = { typ: TYP, claims: { iss: AM, aud: HOST }, key, clock: clockAt(NOW + 0.9), lifetimeSeconds: 60 };
    const [a, b] = [await verify(await signShortJwt(input)), await verify(await signShortJwt(input))];
    expect(a).toMatchObject({ kind: 'valid', claims: { iat: NOW, exp: NOW + 60 } });
    expect(a.kind === 'valid' && b.kind === 'valid' && a.claims.jti !== b.claims.jti).toBe(true);
  });

  test('without a kid is valid only when the issuer has a single key', async () => {
    const token = forge({ alg: 'ES256', typ: TYP }, claims, key);
    expect(await verify(token)).toMatchObject({ kind: 'valid' });
    expect(await verify(token, { keys: publicJwks([key, edKey]) })).toEqual(refused('kid'));
  });

  test('typ may be one of several, absent only where that is said', async () => {
    const bare = forge({ alg: 'ES256', kid: key.kid }, claims, key);
    expect(await verify(bare, { typ: ['client-authentication+jwt', 'JWT', undefined] })).toMatchObject({
      kind: 'valid',
    });
    expect(await verify(bare, { typ: ['client-authentication+jwt', 'JWT'] })).toEqual(refused('typ'));
  });

  test('a later signing key does not end the tokens of the one before it while both are published (J13)', async () => {
    const token = await signJwt({ typ: TYP, claims, key });
    expect(await verify(token, { keys: publicJwks([edKey, key]) })).toMatchObject({ kind: 'valid' });
    expect(await verify(token, { keys: publicJwks([edKey]) })).toEqual(refused('kid'));
  });
});

describe('the algorithm is ours and the key’s, never the token’s wish (H1, J1-J3)', () => {
  test.each(['none', 'None', 'NONE', ''])('alg %p with an empty signature is refused', async (alg) => {
    expect((await verify(`${b64({ ...header, alg })}.${b64(claims)}.`)).kind).toBe('invalid');
    expect(await verify(`${b64({ ...header, alg })}.${b64(claims)}.AA`)).toEqual(refused('alg'));
  });

  test.each([
    ['SPKI PEM', (pem: string) => pem],
    ['PEM with a leading newline', (pem: string) => `\n${pem}`],
    ['PEM with a leading blank', (pem: string) => ` ${pem}`],
    ['JWK as JSON', () => JSON.stringify(key.publicJwk)],
  ])('HS256 with the public key as secret (%s) is refused', async (_name, secretOf) => {
    const pem = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    expect(await verify(forgeHmac({ ...header, alg: 'HS256' }, claims, secretOf(String(pem))))).toEqual(refused('alg'));
  });

  test('RS256 is refused', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const input = `${b64({ ...header, alg: 'RS256' })}.${b64(claims)}`;
    const token = `${input}.${nodeSign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    expect(await verify(token)).toEqual(refused('alg'));
  });

  test('an accepted alg that is not the one of the key is refused', async () => {
    expect(await verify(forge({ ...header, alg: 'EdDSA' }, claims, key))).toEqual(refused('alg'));
  });

  test('a bad signature, or one by another key under the same kid, is refused', async () => {
    const token = forge(header, claims, key);
    const tampered = token.replace(/\.[^.]+\./, `.${b64({ ...claims, sub: 'other' })}.`);
    expect(await verify(tampered)).toEqual(refused('signature'));
    expect(await verify(forge(header, claims, generateSigningKey('ES256')))).toEqual(refused('signature'));
    expect(await verify(`${token.slice(0, -86)}${'A'.repeat(86)}`)).toEqual(refused('signature'));
  });
});

describe('keys come from the issuer’s set only (H1, J4, J8)', () => {
  test.each(['../../etc/passwd', "' OR 1=1 --", 'x'.repeat(4000), '__proto__', 'constructor', ''])(
    'kid %p finds nothing',
    async (kid) => {
      expect(await verify(forge({ ...header, kid }, claims, key))).toEqual(refused('kid'));
    },
  );

  test.each([[1], [null], [['a']], [{}]])('kid that is no text (%p) is refused', async (kid) => {
    expect(await verify(forge({ ...header, kid }, claims, key))).toEqual(refused('kid'));
  });

  test('a kid that stands twice in the set selects nothing', async () => {
    const twice: Jwks = { keys: [key.publicJwk, { ...edKey.publicJwk, kid: key.kid }] };
    expect(await verify(forge(header, claims, key), { keys: twice })).toEqual(refused('kid'));
  });

  test('a kid that is no text is refused even by a lone key without a name', async () => {
    const { kid: _kid, ...nameless } = key.publicJwk;
    const keys: Jwks = { keys: [nameless] };
    expect(await verify(forge({ ...header, kid: 'any' }, claims, key), { keys })).toMatchObject({ kind: 'valid' });
    expect(await verify(forge({ ...header, kid: { a: 1 } }, claims, key), { keys })).toEqual(refused('kid'));
  });

  test('an empty set verifies nothing', async () => {
    expect(await verify(forge(header, claims, key), { keys: { keys: [] } })).toEqual(refused('kid'));
  });

  test('a key, a URL or a certificate in the header is not used', async () => {
    const own = generateSigningKey('ES256');
    const token = forge({ ...header, jwk: own.publicJwk, jku: 'https://evil.example', x5c: ['AA'] }, claims, own);
    expect(await verify(token)).toEqual(refused('signature'));
  });

  test('a token of another issuer is refused though its own key is known to us', async () => {
    expect(await verify(forge({ ...header, kid: edKey.kid, alg: 'EdDSA' }, claims, edKey))).toEqual(refused('kid'));
  });
});

describe('one kind of JWT never passes for another (H1, J7)', () => {
  test.each([
    'at+jwt',
    'client-authentication+jwt',
    'requester-statement+jwt',
    'JWT',
    'TRANSFER-STATEMENT+JWT',
    '',
    7,
    null,
    undefined,
  ])('typ %p is no transfer statement', async (typ) => {
    expect(await verify(forge({ alg: 'ES256', kid: key.kid, typ }, claims, key))).toEqual(refused('typ'));
  });

  test('a DPoP proof is no statement, a statement no client assertion', async () => {
    const proof = await createDpopProof({ key, htm: 'POST', htu: HOST, clock: clockAt(NOW) });
    expect(await verify(proof)).toEqual(refused('typ'));
    const statement = await signJwt({ typ: TYP, claims, key });
    expect(await verify(statement, { typ: ['client-authentication+jwt', 'JWT', undefined] })).toEqual(refused('typ'));
  });
});

describe('issuer, subject and receiver are exact strings (H1, H9, J8, J9)', () => {
  test.each([undefined, null, [AM], 'https://other.example', `${AM}/`, AM.toUpperCase(), { toString: () => AM }, ''])(
    'iss %p is refused',
    async (iss) => {
      expect(await verify(forge(header, { ...claims, iss }, key))).toEqual(refused('iss'));
    },
  );

  test.each([undefined, null, [HOST], [HOST, AM], `${HOST}/token`, `${HOST}/`, 'https://other.example', true])(
    'aud %p is refused',
    async (aud) => {
      expect(await verify(forge(header, { ...claims, aud }, key))).toEqual(refused('aud'));
    },
  );

  test.each([undefined, null, ['requester'], 'other'])('sub %p is refused where one is expected', async (sub) => {
    expect(await verify(forge(header, { ...claims, sub }, key), { subject: 'requester' })).toEqual(refused('sub'));
  });
});

describe('times are near, and close together (H1, J10)', () => {
  test.each([undefined, null, 0, -1, String(NOW + 60), NOW - 0.5, NOW, NOW - 1, true, [NOW + 60]])(
    'exp %p is refused',
    async (exp) => {
      expect(await verify(forge(header, { ...claims, exp }, key))).toEqual(refused('exp'));
    },
  );

  test('exp before an iat that the skew allows is refused', async () => {
    expect(await verify(forge(header, { ...claims, iat: NOW + 10, exp: NOW + 5 }, key))).toEqual(refused('exp'));
  });

  test('exp beyond any safe number is refused', async () => {
    const payload = JSON.stringify(claims).replace(`"exp":${NOW + 60}`, '"exp":1e300');
    expect(await verify(forge(header, payload, key))).toEqual(refused('exp'));
  });

  test.each([NOW + 61, NOW + 10 * 365 * 86_400])('exp − iat over the limit is refused (exp %p)', async (exp) => {
    expect(await verify(forge(header, { ...claims, exp }, key))).toEqual(refused('lifetime'));
  });

  test.each([undefined, null, 0, -1, String(NOW), NOW + 10.5, NOW + 11, NOW + 61, NOW + 365 * 86_400])(
    'iat %p is refused',
    async (iat) => {
      expect(await verify(forge(header, { ...claims, iat, exp: NOW + 60 }, key))).toEqual(refused('iat'));
    },
  );

  test('iat up to 10 s ahead is allowed for clocks that differ; exp has no grace', async () => {
    const ahead = { ...claims, iat: NOW + 10, exp: NOW + 70 };
    expect(await verify(forge(header, ahead, key))).toMatchObject({ kind: 'valid' });
    expect(await verify(forge(header, claims, key), { clock: clockAt(NOW + 59.9) })).toMatchObject({ kind: 'valid' });
    expect(await verify(forge(header, claims, key), { clock: clockAt(NOW + 60) })).toEqual(refused('exp'));
  });

  test('times may have fractions (RFC 7519 §2), and a minute with a fraction is a minute', async () => {
    for (const at of [0.5, 0.123456, -0.000001, 9.999])
      for (const nbf of [undefined, NOW + at]) {
        const times = { iat: NOW + at, exp: NOW + at + 60, nbf };
        expect(await verify(forge(header, { ...claims, ...times }, key))).toMatchObject({ kind: 'valid' });
      }
    const late = await verify(forge(header, { ...claims, iat: NOW + 0.25, exp: NOW + 60.5 }, key));
    expect(late).toEqual(refused('lifetime'));
  });

  test.each([NOW + 11, NOW + 10.5, NOW + 3600, 'soon', -1, null])('nbf %p is refused', async (nbf) => {
    expect(await verify(forge(header, { ...claims, nbf }, key))).toEqual(refused('nbf'));
  });

  test.each([undefined, null, '', 5, ['one'], 'j'.repeat(129), 'j'.repeat(300)])(
    'jti %p is refused (H1, J11, D11)',
    async (jti) => {
      expect(await verify(forge(header, { ...claims, jti }, key))).toEqual(refused('jti'));
    },
  );

  test('a claim that is missing is refused by its name', async () => {
    for (const name of ['iss', 'aud', 'iat', 'exp', 'jti'])
      expect(await verify(forge(header, without(name), key))).toEqual(refused(name));
  });
});

describe('what is no JWT is refused before anything is believed', () => {
  test('more than 8 KB is refused before parsing (J15)', async () => {
    expect(await verify(forge(header, { ...claims, pad: 'x'.repeat(8192) }, key))).toEqual(refused('size'));
    expect(await verify('a'.repeat(100_000))).toEqual(refused('size'));
  });

  test.each([{ crit: ['exp'] }, { crit: [] }, { b64: false, crit: ['b64'] }, { b64: false }])(
    'a header with %p is refused',
    async (extra) => {
      expect(await verify(forge({ ...header, ...extra }, claims, key))).toEqual(refused('crit'));
    },
  );

  test('claims that are not valid UTF-8 are refused, not repaired', async () => {
    const text = JSON.stringify({ ...claims, name: 'X' });
    const bytes = Buffer.from(text.replace('X', 'é'), 'latin1');
    expect(await verify(forge(header, bytes, key))).toEqual(refused('malformed'));
    expect(await verify(forge(header, Buffer.from(text), key))).toMatchObject({ kind: 'valid' });
  });

  test.each([null, [], 'text', 7])('claims that are %p are refused', async (payload) => {
    expect(await verify(forge(header, JSON.stringify(payload), key))).toEqual(refused('malformed'));
  });

  test.each([
    '',
    '.',
    '..',
    'a.b',
    'a.b.c.d',
    'a.b.c',
    '{}.{}.x',
    `${b64([])}.${b64({})}.AA`,
    'eyJ=.eyJ=.AA=',
    ' a.b.c',
  ])('%p is refused', async (token) => {
    expect((await verify(token)).kind).toBe('invalid');
  });

  test('no text makes it throw', async () => {
    const part = fc.oneof(fc.string(), fc.json().map(b64), fc.constant(b64(header)), fc.constant(b64(claims)));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        expect((await verify(parts.join('.'))).kind).toBe('invalid');
      }),
      { numRuns: 300 },
    );
  });

  test('no claim of any type in place of a good one makes it throw or pass', async () => {
    const names = fc.constantFrom('iss', 'aud', 'exp', 'iat', 'jti', 'nbf');
    await fc.assert(
      fc.asyncProperty(names, fc.jsonValue(), async (name, value) => {
        const result = await verify(forge(header, { ...claims, [name]: value }, key));
        const goodId = name === 'jti' && typeof value === 'string' && value !== '' && value.length <= 128;
        // a NumericDate may have a fraction (RFC 7519 §2), and one that is over forbids nothing
        const pastStart = name === 'nbf' && typeof value === 'number' && value > 0 && value <= NOW + 10;
        expect(result.kind).toBe(goodId || pastStart ? 'valid' : 'invalid');
      }),
      { numRuns: 200 },
    );
  });
});

test('the unverified issuer is a hint: a text or null, never an error', () => {
  expect(unverifiedIssuer(forge(header, claims, key))).toBe(AM);
  expect(unverifiedIssuer(forge(header, { ...claims, iss: [AM] }, key))).toBeNull();
  expect(unverifiedIssuer('x'.repeat(9000))).toBeNull();
  fc.assert(fc.property(fc.string(), (text) => unverifiedIssuer(text) === null));
});
