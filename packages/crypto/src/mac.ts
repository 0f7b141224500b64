import { createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA-256 (RFC 2104) of octets, or of a text in UTF-8: 32 octets. */
export function hmacSha256(key: Uint8Array, given: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(given).digest();
}

/** Whether two codes are the same, in a time that does not say how much of them is. */
export function sameMac(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
