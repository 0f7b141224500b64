import { randomBytes } from 'node:crypto';
import { findSecret, keepSecret, type KeptIn } from './kept-secret.ts';

/** A key of 32 bytes, which the first process generates and all others read. */
export async function openKeptKey(parts: KeptIn, name: string): Promise<Uint8Array> {
  return bytesOf(await keepSecret(parts, name, randomBytes(32).toString('base64url')));
}

/** The key if it exists already, without generating one; otherwise null. */
export async function findKeptKey(parts: KeptIn, name: string): Promise<Uint8Array | null> {
  const drawn = await findSecret(parts, name);
  return drawn === null ? null : bytesOf(drawn);
}

const bytesOf = (drawn: string): Uint8Array => Buffer.from(drawn, 'base64url');
