import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { challengeHash, type Challenges, type ChallengeOf } from './challenge.ts';
import type { NewPasskey, Passkey } from './passkey-store.ts';
import { readAssertion, readRegistration } from './read-response.ts';
import { accountIdOf } from '../accounts/user-id.ts';

/** The relying party of a service (WebAuthn §5.1.2): exactly its host name, no subdomain or parent of it. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
  readonly name: string;
}

export const relyingParty = (issuer: string, name: string): RelyingParty => ({
  id: new URL(issuer).hostname,
  origin: issuer,
  name,
});

/** ES256, EdDSA and RS256: every authenticator supports one of them. */
const ALGORITHMS = [-7, -8, -257];
/** Milliseconds for which a browser waits for its user. */
const PATIENCE_MS = 300_000;

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(base64url, 'base64url'));

/** Options for a signature by one of these passkeys or, without any, by any passkey for this service. */
export function askToSign(
  rp: RelyingParty,
  { challenge, passkeys }: { challenge: string; passkeys: readonly Pick<Passkey, 'id' | 'transports'>[] },
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return generateAuthenticationOptions({
    rpID: rp.id,
    challenge: bytesOf(challenge),
    userVerification: 'required',
    timeout: PATIENCE_MS,
    allowCredentials: passkeys.map(({ id, transports }) => ({ id, transports: [...transports] })),
  });
}

/** Options for a new passkey, which the browser can later find by itself (a discoverable credential). */
export function askToMake(
  rp: RelyingParty,
  input: {
    challenge: string;
    userId: string;
    username: string;
    passkeys: readonly Pick<Passkey, 'id' | 'transports'>[];
  },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return generateRegistrationOptions({
    rpID: rp.id,
    rpName: rp.name,
    userName: input.username,
    userDisplayName: input.username,
    userID: bytesOf(input.userId),
    challenge: bytesOf(input.challenge),
    attestationType: 'none',
    timeout: PATIENCE_MS,
    supportedAlgorithmIDs: ALGORITHMS,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: input.passkeys.map(({ id, transports }) => ({ id, transports: [...transports] })),
  });
}

/** A valid signature: by which passkey, and what to store. */
export interface Signed {
  readonly passkeyId: string;
  readonly counter: number;
  readonly backedUp: boolean;
  /** The hash of its challenge, which must not be used again. */
  readonly spends: Buffer;
}

/** Verifies a signature (WebAuthn §7.2). Null for every failure, since the answer does not tell them apart. */
export async function checkSigned(
  { rp, challenges }: { rp: RelyingParty; challenges: Challenges },
  { text, of, find }: { text: string; of: ChallengeOf; find: (id: string) => Promise<Passkey | null> },
): Promise<Signed | null> {
  const response = readAssertion(text);
  if (response === null) return null;
  const passkey = await find(response.id);
  if (passkey === null) return null;
  const { userHandle } = response.response;
  if (userHandle !== undefined && accountIdOf(userHandle) !== passkey.accountId) return null;
  let challenge = '';
  const { id, publicKey, counter } = passkey;
  const checked = await refusedAsNull(() =>
    verifyAuthenticationResponse({
      response,
      expectedChallenge: (given) => challenges.check((challenge = given), of),
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      requireUserVerification: true,
      credential: { id, publicKey: new Uint8Array(publicKey), counter },
    }),
  );
  if (!checked?.verified) return null;
  const { newCounter, credentialBackedUp } = checked.authenticationInfo;
  return { passkeyId: id, counter: newCounter, backedUp: credentialBackedUp, spends: challengeHash(challenge) };
}

/** Verifies a new passkey (WebAuthn §7.1). Null for every failure. */
export async function checkMade(
  { rp, challenges }: { rp: RelyingParty; challenges: Challenges },
  { text, of }: { text: string; of: ChallengeOf },
): Promise<(NewPasskey & { spends: Buffer }) | null> {
  const response = readRegistration(text);
  if (response === null) return null;
  let challenge = '';
  const checked = await refusedAsNull(() =>
    verifyRegistrationResponse({
      response,
      expectedChallenge: (given) => challenges.check((challenge = given), of),
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  );
  if (!checked?.verified) return null;
  const { credential, credentialBackedUp } = checked.registrationInfo;
  return {
    id: credential.id,
    publicKey: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports: response.response.transports,
    backedUp: credentialBackedUp,
    spends: challengeHash(challenge),
  };
}

/**
 * The library throws for every reason to refuse, and for malformed bytes. It has no side effects, so no other error is
 * hidden.
 */
async function refusedAsNull<T>(check: () => Promise<T>): Promise<T | null> {
  try {
    return await check();
  } catch {
    return null;
  }
}
