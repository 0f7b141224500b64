import { isAscii } from 'node:buffer';
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { fromDer, toDer } from './ecdsa-signature.ts';
import {
  ACCEPTED_ALGS,
  type AcceptedAlg,
  fitsKey,
  isRecord,
  isSecret,
  materialOf,
  type PrivateJwk,
  type PublicJwk,
} from './jwk.ts';
import type { SigningKey } from './keys.ts';
import type { KeyMaterial } from './known-keys.ts';

/** A longer token is not even split into its parts. */
const MAX_BYTES = 8192;
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** No bytes have such a text (RFC 4648 §3.5, RFC 7515 §2), but Node would decode it, without its last character. */
const isCutShort = (length: number): boolean => length % 4 === 1;

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
  const [first, last] = [token.indexOf('.'), token.lastIndexOf('.')];
  if (!COMPACT.test(token) || [first, last - first - 1, token.length - last - 1].some(isCutShort))
    return { kind: 'invalid', reason: 'malformed' };
  const text = token.slice(0, first);
  const known = knownHeaders.get(text);
  if (known !== undefined) return known;
  const result = parseHeader(text);
  // copied, because a slice keeps the whole token in memory
  if (result.kind === 'valid' && mayBeKept(result.header, text))
    knownHeaders.set(Buffer.from(text, 'latin1').toString('latin1'), result);
  return result;
}

/**
 * A key signs everything of one kind under the same header, so most were read before. Strangers' headers are among
 * them: nothing is trusted because it is known.
 */
const knownHeaders = new LRUCache<string, HeaderResult>({ max: 4096 });
/** In characters; one with a public key has about 250. */
const LONGEST_KEPT = 400;

/** Flat, so that it is small, and without a private key, which somebody may send by mistake. */
function mayBeKept({ typ, kid, jwk }: Header, text: string): boolean {
  if (text.length > LONGEST_KEPT || isSecret(jwk)) return false;
  return [typ, kid, ...Object.values(isRecord(jwk) ? jwk : { jwk })].every((value) => typeof value !== 'object');
}

function parseHeader(text: string): HeaderResult {
  const header = parseObject(Buffer.from(text, 'base64url'));
  if (header === null) return { kind: 'invalid', reason: 'malformed' };
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return { kind: 'invalid', reason: 'crit' };
  const alg = ACCEPTED_ALGS.find((known) => known === header['alg']);
  if (alg === undefined) return { kind: 'invalid', reason: 'alg' };
  const { typ, kid, jwk } = header;
  // frozen, because later tokens may share it
  return { kind: 'valid', header: Object.freeze({ alg, typ, kid, jwk: Object.freeze(jwk) }) };
}

/**
 * The claims of a token if its signature verifies with `jwk`, by the algorithm of that key whatever the token says;
 * otherwise the rule that it violates.
 */
export function readSigned(
  token: string,
  alg: AcceptedAlg,
  jwk: PublicJwk,
): { kind: 'valid'; claims: Record<string, unknown> } | { kind: 'invalid'; reason: 'alg' | 'signature' | 'malformed' } {
  if (!fitsKey(alg, jwk)) return { kind: 'invalid', reason: 'alg' };
  const lastDot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(lastDot + 1), 'base64url');
  if (!isSignedBy(publicKeyOf(materialOf(jwk)), Buffer.from(token.slice(0, lastDot), 'latin1'), signature))
    return { kind: 'invalid', reason: 'signature' };
  const payload = Buffer.from(token.slice(token.indexOf('.') + 1, lastDot), 'base64url');
  const claims = parseObject(payload);
  return claims === null ? { kind: 'invalid', reason: 'malformed' } : { kind: 'valid', claims };
}

export function sign(header: { typ: string; kid?: string; jwk?: PublicJwk }, claims: object, key: SigningKey): string {
  const { typ, kid, jwk } = header;
  const signed = `${encode({ alg: key.alg, typ, kid, ...(jwk && { jwk: materialOf(jwk) }) })}.${encode(claims)}`;
  const bytes = Buffer.from(signed, 'latin1');
  const privateKey = privateKeyOf(key.privateJwk);
  const signature =
    key.alg === 'ES256' ? fromDer(signBytes('sha256', bytes, privateKey)) : signBytes(null, bytes, privateKey);
  return `${signed}.${signature.toString('base64url')}`;
}

function isSignedBy(key: KeyObject, bytes: Buffer, signature: Buffer): boolean {
  if (key.asymmetricKeyType !== 'ec') return verifyBytes(null, bytes, key, signature);
  const der = toDer(signature);
  return der !== null && verifyBytes('sha256', bytes, key, der);
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

// imported once for as long as the JWK is known
const publicKeys = new WeakMap<KeyMaterial, KeyObject>();
const privateKeys = new WeakMap<PrivateJwk, KeyObject>();

function publicKeyOf(material: KeyMaterial): KeyObject {
  const known = publicKeys.get(material);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: { ...material }, format: 'jwk' });
  publicKeys.set(material, key);
  return key;
}

function privateKeyOf(jwk: PrivateJwk): KeyObject {
  const known = privateKeys.get(jwk);
  if (known !== undefined) return known;
  const key = createPrivateKey({ key: { ...materialOf(jwk), d: jwk.d }, format: 'jwk' });
  privateKeys.set(jwk, key);
  return key;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses bytes as a JSON object; null if they are not one. The input is at most {@link MAX_BYTES} long, which also
 * limits the depth.
 */
export function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    // ASCII, as it mostly is, needs no decoder that checks it
    const value: unknown = JSON.parse(isAscii(bytes) ? bytes.toString('latin1') : decoder.decode(bytes));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
