import { randomBytes } from 'node:crypto';

/** The one source of randomness: `count` unpredictable bytes. Tests may hand in their own. */
export type Random = (count: number) => Uint8Array;

export const systemRandom: Random = (count) => randomBytes(count);

/** 128 random bits as 22 base64url characters, after `prefix` and an underscore when one is given. Not a secret: an id. */
export function randomId(prefix?: string, random: Random = systemRandom): string {
  const id = Buffer.from(random(16)).toString('base64url');
  return prefix === undefined ? id : `${prefix}_${id}`;
}
