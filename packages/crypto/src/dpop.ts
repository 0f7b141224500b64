import type { Clock } from '@chatelaine/protocol';
import { DPOP_IAT_WINDOW_SECONDS } from '@chatelaine/protocol';
import { constantTimeEqual, sha256base64url } from './hash.ts';
import { thumbprint, validatePublicJwk } from './jwk.ts';
import { proofKeys } from './known-keys.ts';
import { type HeaderFault, readHeader, readSigned, sign } from './jws.ts';
import { isInstant } from './jwt.ts';
import type { SigningKey } from './keys.ts';
import { type Random, randomId, systemRandom } from './random.ts';

const TYP = 'dpop+jwt';

export interface CreateDpopInput {
  readonly key: SigningKey;
  readonly htm: string;
  /** URL of the request; its query and fragment are left out of the claim. */
  readonly htu: string;
  /** If given, the proof is also bound to this access token (`ath`). */
  readonly accessToken?: string;
  readonly nonce?: string;
  readonly clock: Clock;
}

/** Makes a DPoP proof for one request. RFC 9449 §4.2. */
export async function createDpopProof(input: CreateDpopInput, random: Random = systemRandom): Promise<string> {
  const { accessToken, nonce, key } = input;
  const url = new URL(input.htu);
  const claims = {
    jti: randomId(undefined, random),
    htm: input.htm,
    htu: `${url.origin}${url.pathname}`,
    iat: Math.floor(input.clock.now()),
    ...(accessToken === undefined ? {} : { ath: sha256base64url(accessToken) }),
    ...(nonce === undefined ? {} : { nonce }),
  };
  return sign({ typ: TYP, jwk: key.publicJwk }, claims, key);
}

export interface CheckDpopInput {
  /** Every `DPoP` header of the request, not joined. */
  readonly headers: readonly string[];
  readonly htm: string;
  /** URL of this endpoint as configured, not as derived from the request's headers. */
  readonly htu: string;
  /** The access token of the request, if it carries one; then `ath` is required. */
  readonly accessToken?: string;
  readonly clock: Clock;
}

/** The rule that a proof violates, for the operator's log. */
export type DpopFault = HeaderFault | 'count' | 'typ' | 'jwk' | 'signature' | 'jti' | 'htm' | 'htu' | 'iat' | 'ath';

export type DpopResult =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'valid';
      /** RFC 7638 thumbprint of the key that made the proof. */
      readonly jkt: string;
      /**
       * 1 to 128 characters. The caller's storage must refuse it a second time under the same key until `expiresAt`.
       */
      readonly jti: string;
      /** Epoch seconds, possibly with a fraction. */
      readonly iat: number;
      /**
       * Epoch seconds until which (`jkt`, `jti`) must be remembered. One acceptance window longer than necessary, in
       * case clocks disagree.
       */
      readonly expiresAt: number;
    }
  | { readonly kind: 'invalid'; readonly reason: DpopFault };

/** Checks the DPoP proof of a request by RFC 9449 §4.3. The caller detects replay (§11.1). */
export async function checkDpopProof(input: CheckDpopInput): Promise<DpopResult> {
  const [proof, ...others] = input.headers;
  if (proof === undefined) return { kind: 'absent' };
  if (others.length > 0) return invalid('count');
  const read = readHeader(proof);
  if (read.kind === 'invalid') return read;
  const { alg, typ } = read.header;
  if (typ !== TYP) return invalid('typ');
  const key = validatePublicJwk(read.header.jwk, proofKeys);
  if (key.kind === 'invalid') return invalid('jwk');
  const signed = readSigned(proof, alg, key.jwk);
  if (signed.kind === 'invalid') return signed;
  const fault = faultOfClaims(signed.claims, input);
  if (fault !== null) return invalid(fault);
  const { jti, iat } = signed.claims as { jti: string; iat: number };
  return { kind: 'valid', jkt: thumbprint(key.jwk), jti, iat, expiresAt: iat + 2 * DPOP_IAT_WINDOW_SECONDS };
}

function faultOfClaims(claims: Record<string, unknown>, input: CheckDpopInput): DpopFault | null {
  const { jti, htm, htu, iat, ath } = claims;
  if (typeof jti !== 'string' || jti.length === 0 || jti.length > 128) return 'jti';
  if (htm !== input.htm) return 'htm';
  if (typeof htu !== 'string' || !isTarget(htu, input.htu)) return 'htu';
  if (!isInstant(iat) || Math.abs(iat - input.clock.now()) > DPOP_IAT_WINDOW_SECONDS) return 'iat';
  if (input.accessToken === undefined) return null;
  return typeof ath === 'string' && constantTimeEqual(ath, sha256base64url(input.accessToken)) ? null : 'ath';
}

/** Whether a claim names the URL of this request. */
function isTarget(htu: string, url: string): boolean {
  if (htu === url && URI.test(url) && NORMAL.test(url)) return true;
  const target = normalizeHtu(htu);
  return target !== null && target === normalizeHtu(url);
}

/** URLs that are normalized as they are, as most are. */
const NORMAL = /^https?:\/\/[a-z0-9\-.]+(?::[0-9]{1,5})?(?:\/[A-Za-z0-9\-_~]+)+$/;

// the characters of a URI (RFC 3986 §2): a URL parser would repair any others, and the repaired URI is not the one that
// was signed
const URI = /^https?:\/\/[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]{1,2048}$/i;

/**
 * Normalizes by syntax and scheme (RFC 3986 §6.2.2, §6.2.3) and drops query and fragment, as RFC 9449 §4.3 demands;
 * null if the value is not an http(s) URI.
 */
function normalizeHtu(value: string): string | null {
  if (!URI.test(value) || !URL.canParse(value)) return null;
  const url = new URL(value);
  if (url.username !== '' || url.password !== '') return null;
  return url.origin + url.pathname.replace(/%[0-9a-f]{2}/gi, unescapeUnreserved);
}

function unescapeUnreserved(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : triplet.toUpperCase();
}

function invalid(reason: DpopFault): DpopResult {
  return { kind: 'invalid', reason };
}
