import { createPublicKey } from 'node:crypto';

/**
 * Decodes base64url of exactly 32 bytes, in its canonical form only: another encoding would give the same key a second
 * thumbprint.
 */
export function decode32(value: unknown): Buffer | null {
  if (typeof value !== 'string' || value.length !== 43) return null;
  const bytes = Buffer.from(value, 'base64url');
  return bytes.length === 32 && bytes.toString('base64url') === value ? bytes : null;
}

/** Whether two coordinates are a point on P-256. */
export function isP256Point(x: string, y: string): boolean {
  if (decode32(x) === null || decode32(y) === null) return false;
  try {
    // OpenSSL checks the equation of the curve when it imports coordinates
    createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

const P = 2n ** 255n - 19n;
const D = modulo(-121665n * power(121666n, P - 2n));
// the y of points whose order divides 8: under such a key one signature is valid for many messages
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  P - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d706a17c7n,
]);

/** Whether 32 bytes are a usable Ed25519 public key: canonical, on the curve, not of small order. RFC 8032 §5.1.3. */
export function isEd25519Point(x: string): boolean {
  const bytes = decode32(x);
  if (bytes === null) return false;
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  if (y >= P || SMALL_ORDER_Y.has(y)) return false;
  // x² = (y²−1)/(dy²+1) has a root if and only if numerator × denominator is a square (Euler's criterion)
  const square = modulo(y * y);
  return power(modulo((square - 1n) * (D * square + 1n)), (P - 1n) / 2n) === 1n;
}

function modulo(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = modulo(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square);
    square = modulo(square * square);
  }
  return result;
}
