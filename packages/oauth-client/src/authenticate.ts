import { cryptoKeyPair, type SigningKey, signShortJwt } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, type Clock, JWT_TYP, LIFETIME } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import type { ClientDeps, ClientIdentity } from './deps.ts';
import { asClient } from './parties.ts';

/** RFC 7523 §2.2 with the audience of RFC 7523bis: the server's issuer, one string; or `none`. PROTOCOL §1. */
export function clientAuth(clock: Clock, client: ClientIdentity): oauth.ClientAuth {
  const { authentication, clientId } = client;
  if (authentication.kind === 'none') return oauth.None();
  return async (server, _client, body) => {
    const claims = { iss: clientId, sub: clientId, aud: server.issuer };
    const { key } = authentication;
    const lifetimeSeconds = LIFETIME.statement;
    body.set('client_id', clientId);
    body.set('client_assertion_type', CLIENT_ASSERTION_TYPE);
    body.set(
      'client_assertion',
      await signShortJwt({ typ: JWT_TYP.clientAssertion, claims, key, clock, lifetimeSeconds }),
    );
  };
}

/** A DPoP handle for a key: it makes the proofs and remembers the server's nonces for as long as the call lasts. RFC 9449 §4, §8. */
export async function dpopHandle({ clock }: Pick<ClientDeps, 'clock'>, key: SigningKey): Promise<oauth.DPoPHandle> {
  const { privateKey, publicKey } = await pairOf(key);
  return oauth.DPoP(
    asClient(clock, 'proof'),
    { privateKey, publicKey },
    {
      // the library says Ed25519 (RFC 9864); servers know the older name for certain
      [oauth.modifyAssertion]: (header) => {
        header['alg'] = key.alg;
      },
    },
  );
}

// importing a key costs more than a signature: once per key object
const pairs = new WeakMap<SigningKey, ReturnType<typeof cryptoKeyPair>>();

function pairOf(key: SigningKey): ReturnType<typeof cryptoKeyPair> {
  const known = pairs.get(key);
  if (known !== undefined) return known;
  const pair = cryptoKeyPair(key);
  pairs.set(key, pair);
  return pair;
}
