import { createHmac } from 'node:crypto';
import type { Token } from '@chatelaine/protocol';

export interface SuccessorInput {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** In clear. */
  readonly predecessor: string;
  readonly grantId: string;
  /** The successor's own. */
  readonly generation: number;
  /** 0..65535, the predecessor's. */
  readonly bucket: number;
}

/**
 * The one refresh token that takes the place of another: HMAC-SHA-256 of that one, so that nothing but hashes need be
 * stored to hand it out again. ADR 0015.
 */
export function successorOf({ key, predecessor, grantId, generation, bucket }: SuccessorInput): Token<'rt'> {
  if (key.length !== 32) throw new RangeError('A key for successors is 32 bytes.');
  const bytes = Buffer.alloc(34);
  bytes.writeUInt16BE(bucket, 0);
  // a text that reads one way only, and says what it is for
  createHmac('sha256', key)
    .update(JSON.stringify(['refresh token', grantId, generation, predecessor]))
    .digest()
    .copy(bytes, 2);
  return `cha_rt_${bytes.toString('base64url')}`;
}
