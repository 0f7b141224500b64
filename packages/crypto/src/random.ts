import { randomBytes, randomUUID } from 'node:crypto';

/** The one source of randomness: `count` unpredictable bytes. Tests may hand in their own. */
export type Random = (count: number) => Uint8Array;

export const systemRandom: Random = (count) => randomBytes(count);

/**
 * 128 random bits as 22 base64url characters, after `prefix` and an underscore when one is given. Not a secret: an id.
 */
export function randomId(prefix?: string, random: Random = systemRandom): string {
  const id = Buffer.from(random(16)).toString('base64url');
  return prefix === undefined ? id : `${prefix}_${id}`;
}

/**
 * An id that sorts by the time it was made at: a UUIDv7 (RFC 9562 §5.7) without hyphens, after `prefix` and an
 * underscore. Rows that are kept for a time are found, and dropped, by it. `at` is in seconds.
 */
export function timeId(prefix: string, at: number): string {
  const time = Math.floor(at * 1000)
    .toString(16)
    .padStart(12, '0');
  return `${prefix}_${time}7${randomUUID().replaceAll('-', '').slice(13)}`;
}
