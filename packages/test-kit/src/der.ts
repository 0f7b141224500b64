// The parts of DER (X.690) that a certificate needs.

const TAG = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, time: 0x17 } as const;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;
const LONG_FORM = 0x80;

function encode(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < LONG_FORM) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = Buffer.from(length.toString(16).padStart(2 * Math.ceil(length.toString(16).length / 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, LONG_FORM | bytes.length]), bytes, content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => encode(SEQUENCE, Buffer.concat(parts));
export const setOf = (part: Uint8Array): Buffer => encode(SET, part);
export const octets = (content: Uint8Array): Buffer => encode(TAG.octets, content);
export const utf8 = (text: string): Buffer => encode(TAG.utf8, Buffer.from(text));
export const yes = (): Buffer => encode(TAG.boolean, Buffer.from([0xff]));

/** A non-negative integer, from its bytes. */
export function integer(bytes: Uint8Array): Buffer {
  return encode(TAG.integer, Buffer.concat([Buffer.from((bytes[0] ?? 0) >= 0x80 ? [0] : []), bytes]));
}

/** A bit string; `unused`: how many bits at the end do not count. */
export function bits(content: Uint8Array, unused = 0): Buffer {
  return encode(TAG.bits, Buffer.concat([Buffer.from([unused]), content]));
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(TAG.oid, Buffer.from([40 * first + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** UTCTime, for years before 2050. */
export function time(date: Date): Buffer {
  return encode(TAG.time, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

/** Context-specific tags: around a value (explicit), or instead of its tag (implicit). */
export const explicit = (number: number, part: Uint8Array): Buffer => encode(CONTEXT | CONSTRUCTED | number, part);
export const implicit = (number: number, content: Uint8Array): Buffer => encode(CONTEXT | number, content);
