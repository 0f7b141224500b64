import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { challengeOf, createVerifier, isChallenge, isVerifier, verifyPkce } from '../src/index.ts';

const unreserved = fc.constantFrom(...'ABCXYZabcxyz0189-._~'.split(''));
const verifiers = fc.string({ unit: unreserved, minLength: 43, maxLength: 128 });

test('the example of RFC 7636 appendix B holds', () => {
  const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  expect(challengeOf(verifier)).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
  expect(verifyPkce(verifier, 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')).toBe(true);
});

test('a new verifier is valid, and differs each time', () => {
  expect(isVerifier(createVerifier())).toBe(true);
  expect(createVerifier()).not.toBe(createVerifier());
});

test('every verifier matches its own challenge and no other', () => {
  fc.assert(
    fc.property(verifiers, verifiers, (a, b) => {
      expect(isChallenge(challengeOf(a))).toBe(true);
      expect(verifyPkce(a, challengeOf(a))).toBe(true);
      expect(verifyPkce(a, challengeOf(b))).toBe(a === b);
    }),
  );
});

test.each([
  '',
  'a'.repeat(42),
  'a'.repeat(129),
  `${'a'.repeat(42)} `,
  `${'a'.repeat(42)}+`,
  `${'a'.repeat(42)}é`,
  `${'a'.repeat(43)}\n`,
])('verifier %p is refused even against its own hash (T2)', (verifier) =>
  expect(verifyPkce(verifier, challengeOf(verifier))).toBe(false),
);

test.each([
  '',
  'a'.repeat(42),
  'a'.repeat(44),
  `${'a'.repeat(42)}=`,
  `${'a'.repeat(42)}+`,
  `${'a'.repeat(42)}B`,
  `${'A'.repeat(43)}\n`,
])('challenge %p is no S256 challenge (A5)', (challenge) => expect(isChallenge(challenge)).toBe(false));

test('plain is not S256: a verifier equal to the challenge is refused', () => {
  const challenge = challengeOf(createVerifier());
  expect(verifyPkce(challenge, challenge)).toBe(false);
});
