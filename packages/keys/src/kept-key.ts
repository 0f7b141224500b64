import { randomBytes } from 'node:crypto';
import { findSecret, keepSecret, type KeptIn } from './kept-secret.ts';

/** A key of 32 bytes that is drawn once; the first process draws it. */
export async function openKeptKey(parts: KeptIn, name: string): Promise<Uint8Array> {
  return bytesOf(await keepSecret(parts, name, randomBytes(32).toString('base64url')));
}

/** The same, for who only looks: null where none was drawn yet. */
export async function findKeptKey(parts: KeptIn, name: string): Promise<Uint8Array | null> {
  const drawn = await findSecret(parts, name);
  return drawn === null ? null : bytesOf(drawn);
}

const bytesOf = (drawn: string): Uint8Array => Buffer.from(drawn, 'base64url');
