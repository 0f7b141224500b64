import { randomFillSync, randomUUID } from 'node:crypto';

/** A source of `count` unpredictable bytes. Tests may pass their own. */
export type Random = (count: number) => Uint8Array;

/**
 * Bytes of the system's generator. They are fetched 4 kB at a time, because each call of the generator takes longer
 * than everything else about an id. What was given out is erased from the store.
 */
export const systemRandom: Random = (count) => {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`There are no ${count} bytes.`);
  if (count > STORE_BYTES) return randomFillSync(Buffer.allocUnsafeSlow(count));
  if (used + count > STORE_BYTES) {
    randomFillSync(store);
    used = 0;
  }
  const bytes = Buffer.from(store.subarray(used, used + count));
  store.fill(0, used, used + count);
  used += count;
  return bytes;
};

const STORE_BYTES = 4096;
const store = Buffer.allocUnsafeSlow(STORE_BYTES);
let used = STORE_BYTES;

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
