import { type Answer, type Form, postForm } from '@chatelaine/test-kit';
import { forge, type Party, someKey, withAssertion } from './clients.ts';
import type { Rig } from './rig.ts';

/** A refresh token that is none: the client is known by what it is told about it. */
export const KNOWN = { status: 400, json: { error: 'invalid_grant' } };
export const REFUSED = {
  status: 401,
  json: { error: 'invalid_client', error_description: 'Client authentication failed.' },
};
export const HEADER = { alg: 'ES256', typ: 'client-authentication+jwt' };

/** A client presents itself to the Host's token endpoint, as it should and otherwise. */
export function presentingOf(rig: Rig, party: Party) {
  const send = (form: Form, replica: 0 | 1 = 0): Promise<Answer> =>
    postForm(rig.host.ports[replica], '/token', { grant_type: 'refresh_token', refresh_token: 'x', ...form });
  const present = (token: string, replica: 0 | 1 = 0): Promise<Answer> => send(withAssertion(token), replica);
  const claims = (changes: Readonly<Record<string, unknown>> = {}) => {
    const now = Math.floor(rig.clock.now());
    const base = {
      iss: party.id,
      sub: party.id,
      aud: rig.host.issuer,
      iat: now,
      exp: now + 60,
      jti: String(Math.random()),
    };
    return { ...base, ...changes };
  };
  const signed = (changes: Readonly<Record<string, unknown>> = {}, headers: object = HEADER): string =>
    forge(headers, claims(changes), party.key ?? someKey());
  return { send, present, claims, signed };
}
