import { CompactSign, compactVerify, type JWK } from 'jose';
import {
  ACCEPTED_ALGS,
  type AcceptedAlg,
  fitsKey,
  isRecord,
  materialOf,
  type PrivateJwk,
  type PublicJwk,
} from './jwk.ts';
import type { SigningKey } from './keys.ts';

/** A longer token is not even split into its parts. */
const MAX_BYTES = 8192;
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export interface Header {
  readonly alg: AcceptedAlg;
  readonly typ: unknown;
  readonly kid: unknown;
  readonly jwk: unknown;
}

export type HeaderFault = 'size' | 'malformed' | 'alg' | 'crit';
export type HeaderResult =
  | { readonly kind: 'valid'; readonly header: Header }
  | { readonly kind: 'invalid'; readonly reason: HeaderFault };

/**
 * Reads the header of a compact JWS, which is not trusted yet: checks the size, the form, that there is no `crit` (RFC
 * 7515 §4.1.11), and that the algorithm is one of {@link ACCEPTED_ALGS}.
 */
export function readHeader(token: string): HeaderResult {
  if (token.length > MAX_BYTES) return { kind: 'invalid', reason: 'size' };
  if (!COMPACT.test(token)) return { kind: 'invalid', reason: 'malformed' };
  const header = parseObject(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url'));
  if (header === null) return { kind: 'invalid', reason: 'malformed' };
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return { kind: 'invalid', reason: 'crit' };
  const alg = ACCEPTED_ALGS.find((known) => known === header['alg']);
  if (alg === undefined) return { kind: 'invalid', reason: 'alg' };
  return { kind: 'valid', header: { alg, typ: header['typ'], kid: header['kid'], jwk: header['jwk'] } };
}

/**
 * The claims of a token if its signature verifies with `jwk`, by the algorithm of that key whatever the token says;
 * otherwise the rule that it violates.
 */
export async function readSigned(
  token: string,
  alg: AcceptedAlg,
  jwk: PublicJwk,
): Promise<
  { kind: 'valid'; claims: Record<string, unknown> } | { kind: 'invalid'; reason: 'alg' | 'signature' | 'malformed' }
> {
  if (!fitsKey(alg, jwk)) return { kind: 'invalid', reason: 'alg' };
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(token, materialOf(jwk), { algorithms: [alg] }));
  } catch {
    return { kind: 'invalid', reason: 'signature' };
  }
  const claims = parseObject(payload);
  return claims === null ? { kind: 'invalid', reason: 'malformed' } : { kind: 'valid', claims };
}

export function sign(
  header: { typ: string; kid?: string; jwk?: PublicJwk },
  claims: object,
  key: SigningKey,
): Promise<string> {
  const { kid, jwk } = header;
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({
      alg: key.alg,
      typ: header.typ,
      ...(kid === undefined ? {} : { kid }),
      ...(jwk === undefined ? {} : { jwk: { ...materialOf(jwk) } }),
    })
    .sign(privateMaterial(key.privateJwk));
}

// as for public keys: `jose` caches what it imported by the object
const privates = new WeakMap<PrivateJwk, JWK>();

/** The members that make up a private key, without `kid` and `alg`. */
function privateMaterial(key: PrivateJwk): JWK {
  const known = privates.get(key);
  if (known !== undefined) return known;
  const material = { ...materialOf(key), d: key.d };
  privates.set(key, material);
  return material;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses bytes as a JSON object; null if they are not one. The input is at most {@link MAX_BYTES} long, which also
 * limits the depth.
 */
export function parseObject(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
