import { createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA-256 (RFC 2104) of octets, or of a text in UTF-8; 32 octets. */
export function hmacSha256(key: Uint8Array, given: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(given).digest();
}

/** Whether two MACs are equal, in a time that does not depend on where they differ. */
export function sameMac(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
