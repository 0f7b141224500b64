import { cryptoKeyPair, type SigningKey, signShortJwt } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, type Clock, JWT_TYP, LIFETIME } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import type { ClientDeps, ClientIdentity } from './deps.ts';
import { asClient } from './parties.ts';

/**
 * Client authentication at a server's endpoints: `private_key_jwt` (RFC 7523 §2.2) whose `aud` is one string, the
 * server's issuer, as RFC 7523bis demands; or `none`. PROTOCOL §1.
 */
export function clientAuth(clock: Clock, client: ClientIdentity): oauth.ClientAuth {
  if (client.authentication.kind === 'none') return oauth.None();
  return async (server, _client, body) => {
    for (const [name, value] of Object.entries(await clientMembers(clock, client, server.issuer)))
      body.set(name, value);
  };
}

/**
 * The parameters of {@link clientAuth} by name, for a request whose body is not a form. Each call signs a fresh
 * assertion, since a `jti` is accepted once.
 */
export async function clientMembers(
  clock: Clock,
  { authentication, clientId }: ClientIdentity,
  audience: string,
): Promise<Readonly<Record<string, string>>> {
  if (authentication.kind === 'none') return { client_id: clientId };
  const claims = { iss: clientId, sub: clientId, aud: audience };
  const { key } = authentication;
  const lifetimeSeconds = LIFETIME.statement;
  return {
    client_id: clientId,
    client_assertion_type: CLIENT_ASSERTION_TYPE,
    client_assertion: await signShortJwt({ typ: JWT_TYP.clientAssertion, claims, key, clock, lifetimeSeconds }),
  };
}

/**
 * A DPoP handle for a key: it makes the proofs, and remembers the server's nonces for as long as the call lasts. RFC
 * 9449 §4, §8.
 */
export async function dpopHandle({ clock }: Pick<ClientDeps, 'clock'>, key: SigningKey): Promise<oauth.DPoPHandle> {
  const { privateKey, publicKey } = await pairOf(key);
  return oauth.DPoP(
    asClient(clock, 'proof'),
    { privateKey, publicKey },
    {
      // the library writes Ed25519 (RFC 9864), which not every server knows yet; EdDSA is known to all
      [oauth.modifyAssertion]: (header) => {
        header['alg'] = key.alg;
      },
    },
  );
}

// importing a key costs more than a signature, so each key object is imported once
const pairs = new WeakMap<SigningKey, ReturnType<typeof cryptoKeyPair>>();

function pairOf(key: SigningKey): ReturnType<typeof cryptoKeyPair> {
  const known = pairs.get(key);
  if (known !== undefined) return known;
  const pair = cryptoKeyPair(key);
  pairs.set(key, pair);
  return pair;
}
