import { sha256base64url } from './hash.ts';
import { type KeyMaterial, type KnownKeys, publishedKeys } from './known-keys.ts';

/**
 * The algorithms we sign with. Signatures with Ed25519 are accepted under their newer name as well, `Ed25519` (RFC
 * 9864).
 */
export type SigningAlg = 'ES256' | 'EdDSA';

/** `alg` values accepted in signatures, as they are published in metadata. */
export const ACCEPTED_ALGS = ['ES256', 'EdDSA', 'Ed25519'] as const;

export type AcceptedAlg = (typeof ACCEPTED_ALGS)[number];

interface JwkLabels {
  readonly kid?: string;
  readonly alg?: SigningAlg;
  readonly use?: 'sig';
}

export interface EcPublicJwk extends JwkLabels {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export interface OkpPublicJwk extends JwkLabels {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
}

/** A public key on P-256 or Ed25519, without members of no use here. RFC 7517, RFC 8037. */
export type PublicJwk = EcPublicJwk | OkpPublicJwk;

export type PrivateJwk = PublicJwk & { readonly d: string };

export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

export type JwkResult =
  | { readonly kind: 'valid'; readonly jwk: PublicJwk }
  | { readonly kind: 'invalid'; readonly reason: string };
export type JwksResult =
  /** At least one key; those that cannot be used are left out. */
  | { readonly kind: 'valid'; readonly jwks: Jwks }
  /** Well-formed, but without a key that we can verify with. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string };

const MAX_KEYS = 20;
const MAX_KID = 256;
// RFC 7518 §6.2.2, §6.3.2, §6.4: members that only a private or symmetric key has
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** The RFC 7638 thumbprint (SHA-256): the `kid` of our keys, and the `jkt` of DPoP. */
export function thumbprint(jwk: PublicJwk): string {
  const material = materialOf(jwk);
  const known = thumbprints.get(material);
  if (known !== undefined) return known;
  // RFC 7638 §3.2: the required members in lexicographic order, without white space
  const members =
    jwk.kty === 'EC' ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { crv: jwk.crv, kty: jwk.kty, x: jwk.x };
  const made = sha256base64url(JSON.stringify(members));
  thumbprints.set(material, made);
  return made;
}

const thumbprints = new WeakMap<KeyMaterial, string>();

/** The algorithm with which a key signs. */
export function algOf(jwk: PublicJwk): SigningAlg {
  return jwk.kty === 'EC' ? 'ES256' : 'EdDSA';
}

/** Whether a signature with this `alg` can be by this key. */
export function fitsKey(alg: AcceptedAlg, jwk: PublicJwk): boolean {
  return algOf(jwk) === (alg === 'Ed25519' ? 'EdDSA' : alg);
}

/**
 * Reads a stranger's key set of 1 to 20 keys. Keys that are not public, on P-256 or Ed25519, and for signatures are
 * left out (RFC 7517 §5). If more than one remains, each must have a `kid` of its own. A private or symmetric key makes
 * the whole set invalid, since whoever publishes it has lost it. `reason` may be shown to the sender.
 */
export function validateJwks(value: unknown): JwksResult {
  const list = isRecord(value) ? value['keys'] : undefined;
  if (!Array.isArray(list)) return invalid('A JWK Set is an object with an array "keys".');
  if (list.length === 0 || list.length > MAX_KEYS) return invalid(`A JWK Set holds 1 to ${MAX_KEYS} keys.`);
  if (list.some(isSecret)) return invalid('A key has private or symmetric members.');
  const read = list.map((one) => validatePublicJwk(one));
  const keys = read.flatMap((one) => (one.kind === 'valid' ? [one.jwk] : []));
  if (keys.length === 0) {
    const why = list.length === 1 ? read.find((one) => one.kind === 'invalid')?.reason : undefined;
    return { kind: 'unusable', reason: why ?? 'No key is a public key on P-256 or Ed25519 for signatures.' };
  }
  const kids = new Set(keys.map(({ kid }) => kid));
  if (keys.length > 1 && kids.has(undefined)) return invalid('Each of several keys needs a "kid".');
  if (kids.size < keys.length) return invalid('Two keys have the same "kid".');
  return { kind: 'valid', jwks: { keys } };
}

/** Whether it is, or contains, a private or symmetric key. */
export function isSecret(value: unknown): boolean {
  return isRecord(value) && (value['kty'] === 'oct' || PRIVATE_MEMBERS.some((name) => Object.hasOwn(value, name)));
}

/** Reads one of a stranger's public keys; see {@link validateJwks}. `reason` may be shown to the sender. */
export function validatePublicJwk(value: unknown, keys: KnownKeys = publishedKeys): JwkResult {
  if (!isRecord(value)) return invalid('A key is an object.');
  if (isSecret(value)) return invalid('A key has private or symmetric members.');
  const material = keys.materialOf(value);
  if (material === null) return invalid('A key is not a valid public key on P-256 or Ed25519.');
  const { kid, alg, use, key_ops: ops } = value;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length === 0 || kid.length > MAX_KID)) {
    return invalid(`A "kid" is a text of 1 to ${MAX_KID} characters.`);
  }
  const known = ACCEPTED_ALGS.find((each) => each === alg);
  if (alg !== undefined && (known === undefined || !fitsKey(known, material)))
    return invalid('The "alg" of a key does not fit it.');
  if (use !== undefined && use !== 'sig') return invalid('A key is not for signatures.');
  if (ops !== undefined && !(Array.isArray(ops) && ops.includes('verify')))
    return invalid('A key is not for verifying.');
  const labels = { ...(kid === undefined ? {} : { kid }), ...(alg === undefined ? {} : { alg: algOf(material) }) };
  const jwk: PublicJwk = { ...material, ...labels, ...(use === undefined ? {} : { use }) };
  materials.set(jwk, material);
  return { kind: 'valid', jwk };
}

// a key with `kid`, `alg` or `use` is a new object each time; what was imported is kept by the object without them
const materials = new WeakMap<PublicJwk, KeyMaterial>();

/**
 * The members that make up a public key, without `kid`, `alg` and `use`: the same object for as long as the key is
 * known.
 */
export function materialOf(jwk: PublicJwk): KeyMaterial {
  const known = materials.get(jwk);
  if (known !== undefined) return known;
  const material: KeyMaterial =
    jwk.kty === 'EC' ? { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y } : { kty: jwk.kty, crv: jwk.crv, x: jwk.x };
  materials.set(jwk, material);
  return material;
}

function invalid(reason: string): { kind: 'invalid'; reason: string } {
  return { kind: 'invalid', reason };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
