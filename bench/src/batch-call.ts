import { createDpopProof, signShortJwt, systemClock } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, JWT_TYP, LIFETIME } from '@chatelaine/protocol';
import type { Endpoint, Party, Prepared } from './requests.ts';

/** A batch call for one token at each of these resources, in that order. PROTOCOL §5 */
export async function batchCall(
  am: Endpoint,
  input: { party: Party; access: string; resources: readonly string[]; scope: string; accept?: string },
): Promise<Prepared> {
  const { party, access, resources, scope, accept } = input;
  const claims = { iss: party.clientId, sub: party.clientId, aud: am.issuer };
  const lifetimeSeconds = LIFETIME.statement;
  const signed = { typ: JWT_TYP.clientAssertion, claims, key: party.key, clock: systemClock, lifetimeSeconds };
  const htu = `${am.issuer}/transfers`;
  const proof = { key: party.dpop, htm: 'POST', htu, accessToken: access, clock: systemClock };
  return {
    path: '/transfers',
    host: `${new URL(am.issuer).hostname}:${am.port}`,
    headers: {
      'content-type': 'application/json',
      ...(accept !== undefined && { accept }),
      authorization: `DPoP ${access}`,
      dpop: await createDpopProof(proof),
    },
    body: JSON.stringify({
      transfers: resources.map((resource, index) => ({ id: String(index), resource, scope })),
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: await signShortJwt(signed),
    }),
  };
}
