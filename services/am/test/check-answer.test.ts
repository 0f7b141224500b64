import { describe, expect, it } from '@jest/globals';
import type { ResourceUrl, TransferResponse } from '@chatelaine/protocol';
import { findFault, relayed } from '../src/transfer/check-answer.ts';
import type { Target } from '../src/transfer/decide.ts';
import type { TransferRequest } from '../src/transfer/request.ts';

const jkt = 'k'.repeat(43);
const request: TransferRequest = {
  clientId: 'https://life.example/client',
  isAuthenticated: true,
  subject: { kind: 'token', key: { bucket: 1, hash: Buffer.alloc(32) } },
  binding: { kind: 'key', jkt },
  resource: 'https://photos.example/api' as ResourceUrl,
  scopes: ['entries.read', 'entries.write'],
  purpose: null,
  requesterStatement: null,
  completion: 'interaction',
};
const target: Target = {
  hostId: 'h',
  hostIssuer: 'https://photos.example',
  hostName: 'Photos',
  linkId: 'l',
  ceiling: [],
  shown: [],
  grantId: 'g',
  bearer: false,
  unconfirmedEnds: 0,
};
const good: TransferResponse = {
  access_token: 'cha_at_x',
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'DPoP',
  expires_in: 300,
  scope: 'entries.write entries.read',
  resource: request.resource,
  cnf: { jkt },
  iss: target.hostIssuer,
};

describe('the answer of a Host', () => {
  it('passes when it is exactly what was asked for, in whatever order its scopes are', () => {
    expect(findFault(good, { request, target })).toBeNull();
  });

  it.each<[string, Partial<TransferResponse>]>([
    ['a bearer token where a bound one was asked for', { token_type: 'Bearer' }],
    ['a token bound to another key', { cnf: { jkt: 'x'.repeat(43) } }],
    ['a token that lives too long', { expires_in: 301 }],
    ['a wider scope', { scope: 'entries.read entries.write entries.delete' }],
    ['a narrower scope', { scope: 'entries.read' }],
    ['a scope that is none', { scope: '' }],
    ['a token for another resource', { resource: 'https://photos.example/other' }],
    ['the name of another issuer', { iss: 'https://calendar.example' }],
    ['another kind of token', { issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
  ])('is not relayed with %s', (_what, change) => {
    expect(findFault({ ...good, ...change }, { request, target })).not.toBeNull();
  });

  it('is not relayed without the key it is bound to', () => {
    const { cnf: _cnf, ...unbound } = good;
    expect(findFault(unbound, { request, target })).toBe('cnf');
  });

  it('is bound to no key exactly when that was asked for, and lives for two minutes then', () => {
    const asked = { request: { ...request, binding: { kind: 'bearer' } as const }, target };
    const { cnf: _cnf, ...unbound } = good;
    const bearer: TransferResponse = { ...unbound, token_type: 'Bearer', expires_in: 120 };
    expect(findFault(bearer, asked)).toBeNull();
    expect(findFault({ ...bearer, expires_in: 121 }, asked)).toBe('expires_in');
    expect(findFault({ ...bearer, cnf: { jkt } }, asked)).toBe('cnf');
    expect(findFault({ ...good, expires_in: 120 }, asked)).toBe('token_type');
    expect(findFault(bearer, { request, target })).toBe('token_type');
  });

  it('loses every member that is not one of the eight', () => {
    const smuggling = { ...good, refresh_token: 'cha_rt_secret', link_token: 'cha_lt_secret', cnf: { jkt, extra: 1 } };
    expect(relayed(smuggling)).toEqual(good);
  });
});
