import type { Clock } from '@chatelaine/protocol';
import type { Jwks, PublicJwk } from './jwk.ts';
import { type HeaderFault, parseObject, readHeader, readSigned, sign } from './jws.ts';
import type { SigningKey } from './keys.ts';
import { type Random, randomId, systemRandom } from './random.ts';

/**
 * Claims of a token that {@link verifyJwt} has accepted. These are present and of these types; the types of all others
 * are unknown.
 */
export interface JwtClaims {
  readonly iss: string;
  readonly aud: string;
  /** Epoch seconds, possibly with a fraction. */
  readonly iat: number;
  /** Epoch seconds, possibly with a fraction. */
  readonly exp: number;
  /** 1 to 128 characters. Whoever accepts the token must remember it until `exp` and refuse it a second time. */
  readonly jti: string;
  readonly [claim: string]: unknown;
}

/** The rule that a token violates: for the operator's log, never for the sender. */
export type JwtFault =
  | HeaderFault
  | 'typ'
  | 'kid'
  | 'signature'
  | 'iss'
  | 'sub'
  | 'aud'
  | 'iat'
  | 'exp'
  | 'nbf'
  | 'lifetime'
  | 'jti';

export type JwtResult =
  | { readonly kind: 'valid'; readonly claims: JwtClaims }
  | { readonly kind: 'invalid'; readonly reason: JwtFault };

export interface SignJwtInput {
  readonly typ: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly key: SigningKey;
}

/** Signs a compact JWT with one of our keys, naming its `kid`. The claims are signed as given. */
export async function signJwt({ typ, claims, key }: SignJwtInput): Promise<string> {
  return sign({ typ, kid: key.kid }, claims, key);
}

export interface ShortJwtInput {
  readonly typ: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly lifetimeSeconds: number;
}

/**
 * {@link signJwt} with `iat` now, `exp` after `lifetimeSeconds` and a fresh `jti`, as client assertions and statements
 * have them.
 */
export function signShortJwt(input: ShortJwtInput, random: Random = systemRandom): Promise<string> {
  const iat = Math.floor(input.clock.now());
  const claims = { ...input.claims, iat, exp: iat + input.lifetimeSeconds, jti: randomId(undefined, random) };
  return signJwt({ typ: input.typ, claims, key: input.key });
}

export interface VerifyJwtInput {
  readonly token: string;
  /** The `typ` that is required, or a list of those accepted; `undefined` in a list accepts a token without one. */
  readonly typ: string | readonly (string | undefined)[];
  /** The keys of the expected issuer, as `validateJwks` reads them. No key is ever taken from the token. */
  readonly keys: Jwks;
  readonly issuer: string;
  /** Our issuer. `aud` must be this one string. */
  readonly audience: string;
  /** If given, `sub` must be identical to it. */
  readonly subject?: string;
  readonly clock: Clock;
  /** Maximum of `exp − iat`, in seconds. */
  readonly maxLifetimeSeconds: number;
  /** Seconds by which `iat` and `nbf` may be ahead of our clock; 10 by default. `exp` may not be past at all. */
  readonly skewSeconds?: number;
}

/**
 * Verifies a JWT that somebody else has signed; there is no other way to accept one. Checks, in this order: at most 8
 * KB, three parts, no `crit`, ES256 or EdDSA, `typ`, a key of the given set, the signature; then `iss`, `sub`, `aud`,
 * `iat`, `nbf`, `exp` and `jti`. The caller's storage must check that the `jti` is new.
 */
export async function verifyJwt(input: VerifyJwtInput): Promise<JwtResult> {
  const read = readHeader(input.token);
  if (read.kind === 'invalid') return read;
  const { alg, typ, kid } = read.header;
  const accepted = typeof input.typ === 'string' ? [input.typ] : input.typ;
  if (!accepted.some((each) => each === typ)) return invalid('typ');
  const key = selectKey(input.keys, kid);
  if (key === null) return invalid('kid');
  const signed = readSigned(input.token, alg, key);
  if (signed.kind === 'invalid') return signed;
  const fault = faultOfClaims(signed.claims, input);
  return fault === null ? { kind: 'valid', claims: signed.claims as JwtClaims } : invalid(fault);
}

/**
 * The `iss` of a token that has not been verified, only for finding the keys to verify it with (RFC 7523 §3). Null if
 * the text is not a JWT.
 */
export function unverifiedIssuer(token: string): string | null {
  if (readHeader(token).kind === 'invalid') return null;
  const iss = parseObject(Buffer.from(token.split('.')[1] ?? '', 'base64url'))?.['iss'];
  return typeof iss === 'string' ? iss : null;
}

/**
 * `typ` and claims of a token that has not been verified, for an early error message; nothing may be decided by them.
 * Null if the text is not a JWT.
 */
export function unverifiedClaims(token: string): { readonly typ: unknown; readonly claims: unknown } | null {
  const read = readHeader(token);
  if (read.kind === 'invalid') return null;
  const claims = parseObject(Buffer.from(token.split('.')[1] ?? '', 'base64url'));
  return claims === null ? null : { typ: read.header.typ, claims };
}

function selectKey({ keys }: Jwks, kid: unknown): PublicJwk | null {
  const [only, ...others] = keys;
  if (only === undefined) return null;
  if (kid === undefined) return others.length === 0 ? only : null;
  if (typeof kid !== 'string') return null;
  // a single key without a `kid` is used whatever `kid` the token names
  if (others.length === 0 && only.kid === undefined) return only;
  const named = keys.filter((key) => key.kid === kid);
  return named.length === 1 ? (named[0] ?? null) : null;
}

function faultOfClaims(claims: Record<string, unknown>, input: VerifyJwtInput): JwtFault | null {
  const { iss, sub, aud, jti } = claims;
  if (iss !== input.issuer) return 'iss';
  if (input.subject !== undefined && sub !== input.subject) return 'sub';
  // an array is refused even if it holds our issuer alone: a token has one audience (RFC 9700 §2.3)
  if (aud !== input.audience) return 'aud';
  if (typeof jti !== 'string' || jti.length === 0 || jti.length > 128) return 'jti';
  return faultOfTimes(claims, input);
}

function faultOfTimes({ iat, exp, nbf }: Record<string, unknown>, input: VerifyJwtInput): JwtFault | null {
  const now = input.clock.now();
  const latest = now + (input.skewSeconds ?? 10);
  if (!isInstant(iat) || iat > latest) return 'iat';
  if (nbf !== undefined && (!isInstant(nbf) || nbf > latest)) return 'nbf';
  if (!isInstant(exp) || exp <= iat || exp <= now) return 'exp';
  // tolerates the rounding of fractions: a minute may come out a little longer
  return exp - iat >= input.maxLifetimeSeconds + 0.001 ? 'lifetime' : null;
}

/** Whether a value is a NumericDate after 1970, possibly with a fraction. RFC 7519 §2. */
export function isInstant(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER;
}

function invalid(reason: JwtFault): JwtResult {
  return { kind: 'invalid', reason };
}
