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
  const [r, s] = [integerIn(raw, 0), integerIn(raw, SIZE)];
  const der = Buffer.allocUnsafe(6 + r.length + s.length);
  der[0] = SEQUENCE;
  der[1] = 4 + r.length + s.length;
  writeInteger(der, 2, raw, r);
  writeInteger(der, 4 + r.length, raw, s);
  return der;
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

interface Integer {
  /** Where its digits begin in the raw signature, and where they end. */
  readonly from: number;
  readonly to: number;
  /** In DER. */
  readonly length: number;
}

/** A number without leading zeros, but with one where the highest bit would make it negative. */
function integerIn(raw: Uint8Array, begin: number): Integer {
  const to = begin + SIZE;
  let from = begin;
  while (from < to - 1 && raw[from] === 0) from += 1;
  return { from, to, length: to - from + ((raw[from] ?? 0) >= 0x80 ? 1 : 0) };
}

function writeInteger(der: Buffer, at: number, raw: Uint8Array, { from, to, length }: Integer): void {
  der[at] = INTEGER;
  der[at + 1] = length;
  // the sign, which the digits overwrite if they need none
  der[at + 2] = 0;
  der.set(raw.subarray(from, to), at + 2 + length - (to - from));
}
