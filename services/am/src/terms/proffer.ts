import { randomId, type SigningKey, signProffer } from '@chatelaine/crypto';
import { type Client } from '@chatelaine/oauth-server';
import { LIMIT } from '@chatelaine/protocol';
import type { Deps, ServedTerms } from '../deps.ts';

/** An offer that is signed, but not stored yet. */
export interface NewProffer {
  readonly jti: string;
  readonly text: string;
  /** Names of the documents that it offers, the preferred first. */
  readonly terms: readonly string[];
  readonly key: SigningKey;
}

/** Signs what an owner offers one Requester. PROTOCOL §10.2. */
export async function makeProffer(
  { config, clock, keys }: Pick<Deps, 'config' | 'clock' | 'keys'>,
  input: { connectionId: string; clientId: string; terms: readonly ServedTerms[] },
): Promise<NewProffer> {
  const { connectionId, clientId, terms } = input;
  const key = keys.current;
  const jti = randomId();
  const claims = {
    iss: config.issuer,
    aud: clientId,
    iat: Math.floor(clock.now()),
    jti,
    sub: connectionId,
    terms: terms.map(({ reference }) => reference),
  };
  return { jti, text: await signProffer(claims, key), terms: terms.map(({ name }) => name), key };
}

/**
 * Whether a client that asks for a connection could sign: it authenticates with keys of its own, and its `client_id`
 * fits into a record. PROTOCOL §10.5.
 */
export function canSign({ id, authMethod }: Pick<Client, 'id' | 'authMethod'>): boolean {
  return authMethod === 'private_key_jwt' && id.length <= LIMIT.signerIdChars;
}
