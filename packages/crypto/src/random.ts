import { randomBytes, randomUUID } from 'node:crypto';

/** A source of `count` unpredictable bytes. Tests may pass their own. */
export type Random = (count: number) => Uint8Array;

export const systemRandom: Random = (count) => randomBytes(count);

/**
 * 128 random bits as 22 base64url characters, after `prefix` and an underscore if one is given. An id, not a secret.
 */
export function randomId(prefix?: string, random: Random = systemRandom): string {
  const id = Buffer.from(random(16)).toString('base64url');
  return prefix === undefined ? id : `${prefix}_${id}`;
}

/**
 * An id that sorts by the time at which it was made: a UUIDv7 (RFC 9562 §5.7) without hyphens, after `prefix` and an
 * underscore. Rows that are kept for a limited time are found by it. `at` is in epoch seconds.
 */
export function timeId(prefix: string, at: number): string {
  const time = Math.floor(at * 1000)
    .toString(16)
    .padStart(12, '0');
  return `${prefix}_${time}7${randomUUID().replaceAll('-', '').slice(13)}`;
}
