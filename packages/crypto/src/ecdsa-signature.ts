/** Bytes of a coordinate on P-256. */
const SIZE = 32;
const [SEQUENCE, INTEGER] = [0x30, 0x02];

/**
 * An ECDSA signature on P-256 as OpenSSL reads it: DER of `SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 §2.2.3). `raw`
 * is what a JWS has, R and S of 32 bytes each (RFC 7518 §3.4); null if it is not that long.
 *
 * `node:crypto` could convert by itself (`dsaEncoding`), but then takes 25 µs more for each signature, a third of all.
 */
export function toDer(raw: Uint8Array): Buffer | null {
  if (raw.length !== 2 * SIZE) return null;
  const [r, s] = [toInteger(raw.subarray(0, SIZE)), toInteger(raw.subarray(SIZE))];
  return Buffer.concat([Buffer.of(SEQUENCE, r.length + s.length), r, s]);
}

/** The contrary of {@link toDer}, for a signature that OpenSSL has made. */
export function fromDer(der: Uint8Array): Buffer {
  const raw = Buffer.alloc(2 * SIZE);
  // after the two bytes of the sequence: tag, length and bytes of R, then of S
  const afterR = 4 + (der[3] ?? 0);
  for (const [index, bytes] of [der.subarray(4, afterR), der.subarray(afterR + 2)].entries()) {
    const digits = bytes.subarray(Math.max(0, bytes.length - SIZE));
    raw.set(digits, (index + 1) * SIZE - digits.length);
  }
  return raw;
}

/** A number without leading zeros, but with one where the highest bit would make it negative. */
function toInteger(bytes: Uint8Array): Buffer {
  let from = 0;
  while (from < SIZE - 1 && bytes[from] === 0) from += 1;
  const digits = bytes.subarray(from);
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return Buffer.concat([Buffer.of(INTEGER, sign.length + digits.length, ...sign), digits]);
}
