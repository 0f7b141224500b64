import { describe, expect, it } from '@jest/globals';
import { OAuthError } from '@chatelaine/protocol';
import { mintToken } from '@chatelaine/crypto';
import { readTransferRequest } from '../src/transfer/request.ts';

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
  return readTransferRequest(['https'], { clientId: 'c', jkt, params: params as Map<string, string> });
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
      connectionToken: { bucket: 5 },
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
    ['an actor_token', { actor_token: 'x' }],
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
