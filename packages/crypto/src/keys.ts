import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { decode32 } from './curves.ts';
import {
  algOf,
  isRecord,
  type Jwks,
  type PrivateJwk,
  type PublicJwk,
  type SigningAlg,
  thumbprint,
  validatePublicJwk,
} from './jwk.ts';

/** A key with which we sign. `privateJwk` is a secret: encrypted at rest, never in an answer or a log. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the key, which is also its `jkt`. */
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly privateJwk: PrivateJwk;
  readonly publicJwk: PublicJwk;
}

/** The keys of a service that rotates them. Read the members each time; never keep a copy. */
export interface SigningKeys {
  /** The key to sign with now. */
  readonly current: SigningKey;
  /** All published keys: those that will sign, the one that signs, and those whose signatures may still be in use. */
  readonly all: readonly SigningKey[];
}

/** Generates a key pair. */
export function generateSigningKey(alg: SigningAlg = 'ES256'): SigningKey {
  const { privateKey } =
    alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return signingKeyOf(privateKey.export({ format: 'jwk' }));
}

/**
 * Makes a signing key of a private JWK, as it is stored.
 *
 * @throws TypeError when it is not a private P-256 or Ed25519 key
 */
export function signingKeyOf(privateJwk: unknown): SigningKey {
  if (!isRecord(privateJwk)) throw new TypeError('A signing key is a private JWK.');
  const { kty, crv, x, y, d } = privateJwk;
  const read = validatePublicJwk({ kty, crv, x, ...(y === undefined ? {} : { y }) });
  if (read.kind === 'invalid' || typeof d !== 'string' || decode32(d) === null) {
    throw new TypeError('A signing key is a private JWK on P-256 or Ed25519.');
  }
  const kid = thumbprint(read.jwk);
  const alg = algOf(read.jwk);
  const publicJwk: PublicJwk = { ...read.jwk, kid, alg, use: 'sig' };
  return { kid, alg, privateJwk: { ...publicJwk, d }, publicJwk };
}

/** The JWK Set to publish, with public members only. */
export function publicJwks(keys: readonly SigningKey[]): Jwks {
  return { keys: keys.map((key) => key.publicJwk) };
}

/** The key as a WebCrypto pair, for libraries that take one. The private key cannot be exported from it. */
export async function cryptoKeyPair(key: SigningKey): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = key.alg === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' };
  const { d, ...material } = bare(key.privateJwk);
  return {
    privateKey: await webcrypto.subtle.importKey('jwk', { ...material, d }, algorithm, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('jwk', { ...material }, algorithm, true, ['verify']),
  };
}

// WebCrypto refuses a key whose `alg` is not spelled its way, so it gets only the members that make up the key
function bare({ kty, crv, x, d, ...rest }: PrivateJwk): { kty: string; crv: string; x: string; y?: string; d: string } {
  return { kty, crv, x, d, ...('y' in rest ? { y: rest.y } : {}) };
}
