import { createHmac } from 'node:crypto';
import type { Token } from '@chatelaine/protocol';

export interface SuccessorInput {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** The predecessor itself, not its hash. */
  readonly predecessor: string;
  readonly grantId: string;
  /** That of the successor. */
  readonly generation: number;
  /** 0..65535, the same as the predecessor's. */
  readonly bucket: number;
}

/**
 * The refresh token that replaces another one: HMAC-SHA-256 of its predecessor, so that it can be issued again although
 * only hashes are stored. ADR 0015.
 */
export function successorOf({ key, predecessor, grantId, generation, bucket }: SuccessorInput): Token<'rt'> {
  if (key.length !== 32) throw new RangeError('A key for successors is 32 bytes.');
  const bytes = Buffer.alloc(34);
  bytes.writeUInt16BE(bucket, 0);
  // JSON is unambiguous, and the label keeps the MAC from serving another purpose
  createHmac('sha256', key)
    .update(JSON.stringify(['refresh token', grantId, generation, predecessor]))
    .digest()
    .copy(bytes, 2);
  return `cha_rt_${bytes.toString('base64url')}`;
}
