import { type CheckDpopInput, checkDpopProof, generateSigningKey } from '../../src/index.ts';
import { clockAt, NOW } from '../fixtures.ts';

export const URL_OF_TOKEN = 'https://am.example/token';
export const key = generateSigningKey('ES256');
export const edKey = generateSigningKey('EdDSA');
export const { kty, crv, x, ...rest } = key.publicJwk;
export const jwk = { kty, crv, x, y: 'y' in rest ? rest.y : '' };
export const header = { typ: 'dpop+jwt', alg: 'ES256', jwk };
export const claims = { jti: 'one', htm: 'POST', htu: URL_OF_TOKEN, iat: NOW };

export function check(proof: string | readonly string[], overrides: Partial<CheckDpopInput> = {}) {
  const headers = typeof proof === 'string' ? [proof] : proof;
  return checkDpopProof({ headers, htm: 'POST', htu: URL_OF_TOKEN, clock: clockAt(NOW), ...overrides });
}

export const refused = (reason: string) => ({ kind: 'invalid', reason });
