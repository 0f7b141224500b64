/** A service's answer contains one of its own secrets: from there on, nothing of the answer is passed on. */
export class SecretInAnswer extends Error {
  override readonly name = 'SecretInAnswer';
}

/** Shorter secrets would be found by chance. */
const LEAST_CHARS = 8;

/** The ways in which a secret may be spelled in an answer: as it is, in a URL, and in JSON with escaped slashes. */
export function spellingsOf(secrets: readonly string[]): readonly Buffer[] {
  const long = secrets.filter(({ length }) => length >= LEAST_CHARS);
  const spellings = long.flatMap((secret) => [secret, encodeURIComponent(secret), secret.replaceAll('/', '\\/')]);
  return [...new Set(spellings)].map((spelling) => Buffer.from(spelling));
}

/** @throws SecretInAnswer */
export function refuseSecrets(text: string, spellings: readonly Buffer[]): void {
  const bytes = Buffer.from(text);
  if (spellings.some((spelling) => bytes.includes(spelling))) throw new SecretInAnswer();
}

/**
 * The pieces of an answer, as long as they contain no secret, even one that is spread over several pieces: the last
 * bytes of each piece, in which a secret could begin, are held back. Only those are copied.
 *
 * @throws SecretInAnswer before the secret's last byte was passed on
 */
export async function* withheld(
  pieces: AsyncIterable<Uint8Array>,
  spellings: readonly Buffer[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const kept = Math.max(0, ...spellings.map(({ length }) => length - 1));
  const has = (bytes: Buffer): boolean => spellings.some((spelling) => bytes.includes(spelling));
  let tail = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const seam = Buffer.concat([tail, bytes.subarray(0, kept)]);
    if (has(seam) || has(bytes)) throw new SecretInAnswer();
    if (bytes.length < kept) {
      const all = Buffer.concat([tail, bytes]);
      const cut = Math.max(0, all.length - kept);
      if (cut > 0) yield all.subarray(0, cut);
      tail = Buffer.from(all.subarray(cut));
      continue;
    }
    if (tail.length > 0) yield tail;
    const cut = bytes.length - kept;
    if (cut > 0) yield bytes.subarray(0, cut);
    tail = Buffer.from(bytes.subarray(cut));
  }
  if (tail.length > 0) yield tail;
}
