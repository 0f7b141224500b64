import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { refuseSecrets, SecretInAnswer, spellingsOf, withheld } from '../src/proxy/withheld.ts';

const SECRET = 'ya29.a0/secret-token+1';
const SPELLINGS = spellingsOf([SECRET, 'short']);

async function* piecesOf(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

/** What has left before it ends, and how it ends. */
async function read(pieces: readonly string[]): Promise<{ text: string; refused: boolean }> {
  const out: Uint8Array[] = [];
  try {
    for await (const piece of withheld(piecesOf(pieces), SPELLINGS)) out.push(Buffer.from(piece));
  } catch (error) {
    if (!(error instanceof SecretInAnswer)) throw error;
    return { text: Buffer.concat(out).toString(), refused: true };
  }
  return { text: Buffer.concat(out).toString(), refused: false };
}

const cut = (text: string, at: readonly number[]): string[] =>
  [0, ...at.map((one) => one % (text.length + 1)).toSorted((a, b) => a - b), text.length]
    .map((from, index, all) => text.slice(from, all[index + 1] ?? text.length))
    .filter((piece) => piece !== '');

test('an answer without a secret arrives as it was, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 400 }), fc.array(fc.nat(), { maxLength: 10 }), async (text, at) => {
      const read_ = await read(cut(text, at));
      expect(read_).toEqual({ text: Buffer.from(text).toString(), refused: false });
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['as it is', SECRET],
  ['in a URL', encodeURIComponent(SECRET)],
  ['in JSON with escaped slashes', SECRET.replaceAll('/', '\\/')],
])('an answer with a secret in it, %s, ends before the secret has left, however it is cut', async (_how, spelling) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(300), fc.nat(300), fc.array(fc.nat(), { maxLength: 10 }), async (before, after, at) => {
      const { text, refused } = await read(cut(`${'x'.repeat(before)}${spelling}${'y'.repeat(after)}`, at));
      expect(refused).toBe(true);
      expect(text).not.toContain(spelling);
      expect(text).not.toContain('y');
    }),
    { numRuns: 200 },
  );
});

test('a header with a secret in it is seen, and what is too short to tell is let through', () => {
  expect(() => refuseSecrets(`attachment; filename="${SECRET}"`, SPELLINGS)).toThrow(SecretInAnswer);
  expect(() => refuseSecrets('short', SPELLINGS)).not.toThrow();
});
