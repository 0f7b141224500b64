import { describe, expect, it } from '@jest/globals';
import { OAuthError } from '@chatelaine/protocol';
import { generateSigningKey, mintToken, signShortJwt } from '@chatelaine/crypto';
import fc from 'fast-check';
import { readTransferRequest } from '../src/transfer/exchange-grant.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const good = {
  subject_token: mintToken('ct', 5),
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  resource: 'https://photos.example/api',
  scope: 'entries.read',
};
const read = (changes: Record<string, string | undefined>, jkt: string | null = 'k'.repeat(43)) => {
  const params = new Map(
    Object.entries({ ...good, ...changes }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return readTransferRequest(['https'], {
    client: { id: 'c', authMethod: 'none' },
    jkt,
    params: params as Map<string, string>,
  });
};
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof OAuthError) return error.code;
    throw error;
  }
  return 'none';
};

describe('hop 1', () => {
  it('is read into what it asks for', () => {
    expect(read({ scope: 'b a', audience: 'https://photos.example', purpose: 'your feed' })).toMatchObject({
      resource: good.resource,
      scopes: ['b', 'a'],
      purpose: 'your feed',
      subject: { kind: 'token', key: { bucket: 5 } },
      binding: { kind: 'key', jkt: 'k'.repeat(43) },
    });
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['no subject token', { subject_token: undefined }],
    ['an empty one', { subject_token: '' }],
    ['garbage', { subject_token: 'garbage' }],
    ['a link token', { subject_token: mintToken('lt', 5) }],
    ['a Host access token', { subject_token: mintToken('at', 5) }],
    ['a refresh token', { subject_token: mintToken('rt', 5) }],
    ['a JWT', { subject_token: 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA' }],
    ['100 KB', { subject_token: 'cha_ct_'.padEnd(100_000, 'a') }],
    ['another subject_token_type', { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' }],
    ['no subject_token_type', { subject_token_type: undefined }],
    [
      'a requested_token_type that is not issued',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    ],
    ['an actor_token that is none', { actor_token: 'x', actor_token_type: 'urn:ietf:params:oauth:token-type:jwt' }],
    ['an actor_token without its type', { actor_token: 'x' }],
    ['an actor_token_type', { actor_token_type: 'x' }],
    ['a cnf of its own', { cnf: '{"jkt":"x"}' }],
    ['a jkt of its own', { jkt: 'x' }],
    ['a grant_id of its own', { grant_id: 'x' }],
    ['no resource', { resource: undefined }],
    ['a relative resource', { resource: '/api' }],
    ['a resource with fragment', { resource: 'https://photos.example/api#x' }],
    ['a purpose that is a novel', { purpose: 'x'.repeat(201) }],
  ])('is refused as invalid_request with %s', (_what, changes) => {
    expect(codeOf(() => read(changes))).toBe('invalid_request');
  });

  it('answers every bad subject token with the same words', () => {
    const textOf = (subject_token: string): string => {
      try {
        read({ subject_token });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(new Set([textOf('garbage'), textOf(mintToken('rt', 1)), textOf(mintToken('lt', 1))]).size).toBe(1);
  });

  it.each([
    ['http', 'http://photos.example/api'],
    ['upper case', 'https://Photos.example/api'],
    ['a default port', 'https://photos.example:443/api'],
    ['a trailing dot', 'https://photos.example./api'],
    ['a query', 'https://photos.example/api?x=1'],
    ['userinfo', 'https://a@photos.example/api'],
  ])('is refused as invalid_target with a resource in another form: %s', (_what, resource) => {
    expect(codeOf(() => read({ resource }))).toBe('invalid_target');
  });

  it('is refused as invalid_target when audience names another Host than resource', () => {
    expect(codeOf(() => read({ audience: 'https://calendar.example' }))).toBe('invalid_target');
    expect(codeOf(() => read({ audience: 'https://photos.example.evil.example' }))).toBe('invalid_target');
  });

  it('is refused as invalid_scope without a scope, or with one that is none', () => {
    expect(codeOf(() => read({ scope: undefined }))).toBe('invalid_scope');
    expect(codeOf(() => read({ scope: 'a  b' }))).toBe('invalid_scope');
    expect(codeOf(() => read({ scope: Array.from({ length: 1000 }, (_, i) => `s${i}`).join(' ') }))).toBe(
      'invalid_scope',
    );
  });

  it('is refused without a proof of the key', () => {
    expect(codeOf(() => read({}, null))).toBe('invalid_dpop_proof');
  });
});

describe('hop 1, whatever is sent', () => {
  const odd = fc.oneof(
    anyText,
    fc.constantFrom(
      '',
      ' ',
      'a',
      'a  b',
      'https://photos.example',
      'https://photos.example/api#',
      'https://photos.example:443/api',
      'HTTPS://photos.example/api',
      '\u0000',
      '\u202E',
    ),
  );
  const valueOf = (name: keyof typeof good) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(good[name]) }, { weight: 1, arbitrary: odd });
  const params = fc.record(
    {
      subject_token: valueOf('subject_token'),
      subject_token_type: valueOf('subject_token_type'),
      resource: valueOf('resource'),
      scope: valueOf('scope'),
      requested_token_type: fc.constantFrom('urn:ietf:params:oauth:token-type:access_token', 'x'),
      audience: fc.constantFrom('https://photos.example', 'https://notes.example', ''),
      purpose: odd,
      actor_token: odd,
      cnf: odd,
    },
    { requiredKeys: ['subject_token', 'subject_token_type', 'resource', 'scope'] },
  );

  it('is read as exactly what it says, or refused in OAuth’s words; no other actor or key passes', () => {
    let accepted = 0;
    fc.assert(
      fc.property(params, (given) => {
        let request: ReturnType<typeof readTransferRequest>;
        try {
          request = readTransferRequest(['https'], {
            client: { id: 'c', authMethod: 'none' },
            jkt: 'k'.repeat(43),
            params: new Map(Object.entries(given)),
          });
        } catch (error) {
          if (error instanceof OAuthError && error.code !== 'server_error') return;
          throw error;
        }
        accepted++;
        expect(given).not.toHaveProperty('actor_token');
        expect(given).not.toHaveProperty('cnf');
        expect(request).toMatchObject({
          resource: given.resource,
          binding: { kind: 'key', jkt: 'k'.repeat(43) },
          purpose: given.purpose ?? null,
        });
        expect(new URL(request.resource).protocol).toBe('https:');
        expect(new Set(given.scope.split(' '))).toEqual(new Set(request.scopes));
        expect(given.audience ?? 'https://photos.example').toBe(new URL(request.resource).origin);
      }),
      { numRuns: 3_000, seed: 35 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

describe('the Requester’s own statement on hop 1', () => {
  const JWT = 'urn:ietf:params:oauth:token-type:jwt';
  const key = generateSigningKey();
  const clientId = 'https://reader.example/client';
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: 'https://photos.example',
    resource: good.resource,
    scope: 'entries.read entries.write',
    cnf: { jkt: 'k'.repeat(43) },
  };
  const sign = (changed: Record<string, unknown> = {}, typ = 'requester-statement+jwt'): Promise<string> =>
    signShortJwt({
      typ,
      key,
      claims: { ...claims, ...changed },
      clock: { now: () => 1_700_000_000 },
      lifetimeSeconds: 60,
    });
  const readWith = (actor_token: string) => {
    const params = new Map(Object.entries({ ...good, actor_token, actor_token_type: JWT }));
    return readTransferRequest(['https'], {
      client: { id: clientId, authMethod: 'none' },
      jkt: 'k'.repeat(43),
      params,
    });
  };

  it('is passed on as it is; whether it is fresh and signed as it should be, is for the Host to say', async () => {
    const own = await sign();
    expect(readWith(own).requesterStatement).toBe(own);
    expect(read({}).requesterStatement).toBeNull();
  });

  it.each<[string, { typ?: string; [claim: string]: unknown }]>([
    ['another client', { iss: 'https://other.example/client' }],
    ['a client, in another’s name', { sub: 'https://other.example/client' }],
    ['another Host', { aud: 'https://notes.example' }],
    ['the AM', { aud: 'https://am.example' }],
    ['another resource', { resource: 'https://photos.example/other' }],
    ['another key', { cnf: { jkt: 'x'.repeat(43) } }],
    ['a narrower scope', { scope: 'entries.write' }],
    ['nothing', { iss: undefined }],
    ['so much that it fits into no other', { padding: 'p'.repeat(3000) }],
    ['the right thing, as a client assertion', { typ: 'client-authentication+jwt' }],
    ['the right thing, as an AM’s statement', { typ: 'transfer-statement+jwt' }],
  ])('about %s is refused, before anything is written for it', async (_what, { typ, ...changed }) => {
    const own = await sign(changed, typ);
    expect(codeOf(() => readWith(own))).toBe('invalid_request');
  });
});
