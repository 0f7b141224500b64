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

/** Nothing larger is even split into its parts. */
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
 * Reads the header of a compact JWS without trusting it: size, shape, no `crit` (RFC 7515 §4.1.11), an algorithm of
 * ours.
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
 * The claims of a token whose signature fits `jwk`; a fault otherwise. The algorithm is the key's, whatever the token
 * says.
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

// like the public ones: what `jose` imported hangs on the object
const privates = new WeakMap<PrivateJwk, JWK>();

/** The members that make a private key, without its labels. */
function privateMaterial(key: PrivateJwk): JWK {
  const known = privates.get(key);
  if (known !== undefined) return known;
  const material = { ...materialOf(key), d: key.d };
  privates.set(key, material);
  return material;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A JSON object out of bytes, or null. Bounded by {@link MAX_BYTES}, so that depth needs no limit of its own. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
