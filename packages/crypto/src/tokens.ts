import type { Token, TokenKind } from '@chatelaine/protocol';
import { sha256 } from './hash.ts';
import { type Random, systemRandom } from './random.ts';

const SECRET_BYTES = 32;

/**
 * A new token: 16 bits of bucket and 256 random bits. Give it to its receiver, and store only {@link hashToken} of it.
 * PROTOCOL §8.
 *
 * @param bucket 0..65535, see {@link bucketOf}
 */
export function mintToken<K extends TokenKind>(kind: K, bucket: number, random: Random = systemRandom): Token<K> {
  if (!Number.isInteger(bucket) || bucket < 0 || bucket > 0xffff) throw new RangeError('A bucket is 0..65535.');
  const bytes = Buffer.alloc(2 + SECRET_BYTES);
  bytes.writeUInt16BE(bucket, 0);
  bytes.set(random(SECRET_BYTES), 2);
  return `cha_${kind}_${bytes.toString('base64url')}`;
}

/** The 32 bytes under which a token is stored: SHA-256 of the whole string, its kind included. */
export function hashToken(token: string): Buffer {
  return sha256(token);
}

/** The bucket of an owner, 0..65535: the first 16 bits of SHA-256 of their id. PROTOCOL §8. */
export function bucketOf(ownerId: string): number {
  return sha256(ownerId).readUInt16BE(0);
}
