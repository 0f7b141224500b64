import { generateSigningKey, publicJwks, type VerifyJwtInput, verifyJwt } from '../src/index.ts';
import { clockAt, NOW } from './fixtures.ts';

// a statement as an AM makes it, and as a Host verifies it
export const HOST = 'https://photos.example';
export const AM = 'https://am.example';
export const TYP = 'transfer-statement+jwt';
export const key = generateSigningKey('ES256');
export const edKey = generateSigningKey('EdDSA');
export const header = { alg: 'ES256', typ: TYP, kid: key.kid };
export const claims = { iss: AM, sub: 'requester', aud: HOST, iat: NOW, exp: NOW + 60, jti: 'one' };

export function verify(token: string, overrides: Partial<VerifyJwtInput> = {}) {
  return verifyJwt({
    token,
    typ: TYP,
    keys: publicJwks([key]),
    issuer: AM,
    audience: HOST,
    clock: clockAt(NOW),
    maxLifetimeSeconds: 60,
    ...overrides,
  });
}
export const refused = (reason: string) => ({ kind: 'invalid', reason });
export const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name));
