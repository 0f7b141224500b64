import type { Token, TokenKind } from '@chatelaine/protocol';
import { sha256 } from './hash.ts';
import { type Random, systemRandom } from './random.ts';

const SECRET_BYTES = 32;

/**
 * A new token in clear: 16 bits of bucket and 256 bits of secret. PROTOCOL §8.
 * Hand it to its receiver and keep only {@link hashToken} of it.
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

/** What storage keeps of a token: the 32 bytes of SHA-256 over the whole string, its kind included. */
export function hashToken(token: string): Buffer {
  return sha256(token);
}

/** The bucket of an owner, 0..65535: the first 16 bits of SHA-256 of the id. */
export function bucketOf(ownerId: string): number {
  return sha256(ownerId).readUInt16BE(0);
}
