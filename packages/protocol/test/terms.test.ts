import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  answersProffer,
  readAgreementClaims,
  readProfferClaims,
  termsDocumentSchema,
  type TermsProffer,
} from '../src/index.ts';

const NO_TRAINING = { uri: 'https://am.example/terms/no-training/1.0', digest: 'n'.repeat(43) };
const NOT_PASSED_ON = { uri: 'https://am.example/terms/not-passed-on/1.0', digest: 'p'.repeat(43) };
const proffer: TermsProffer = {
  iss: 'https://am.example',
  aud: 'https://reader.example/client.json',
  iat: 1_800_000_000,
  jti: 'j'.repeat(22),
  sub: 'con_1234567890123456789012',
  terms: [NO_TRAINING, NOT_PASSED_ON],
};
const accepting = {
  iss: proffer.aud,
  sub: proffer.aud,
  aud: proffer.iss,
  iat: 1_800_000_001,
  proffer: 'a.b.c',
  accepted: NO_TRAINING,
};
const { accepted: _, ...undecided } = accepting;
const declining = { ...undecided, declined: true };

/** `good` with one member changed to anything, or one more. */
const changed = (good: object) =>
  fc
    .tuple(fc.oneof(fc.constantFrom(...Object.keys(good)), fc.string()), fc.jsonValue())
    .map(([name, value]) => [name, { ...good, [name]: value }] as const);

describe('the claims of an offer', () => {
  test('with one member changed to anything, or one more, are of the right types or none', () => {
    expect(readProfferClaims(proffer)).toEqual(proffer);
    const run = fc.property(changed(proffer), ([name, claims]) => {
      const read = readProfferClaims(claims);
      if (!Object.hasOwn(proffer, name) && name !== '__proto__') expect(read).toBeNull();
      if (read === null) return;
      for (const text of ['iss', 'aud', 'sub'] as const) expect(read[text]).toMatch(/^[\x21-\x7e]+$/);
      expect(read.jti).toMatch(/^[\w-]{22}$/);
      expect(Number.isSafeInteger(read.iat) && read.iat > 0).toBe(true);
      expect([1, 2]).toContain(read.terms.length);
      for (const { uri, digest } of read.terms) expect([typeof uri, digest.length]).toEqual(['string', 43]);
    });
    fc.assert(run, { numRuns: 3_000, seed: 9 });
  });

  test('are none when they are anything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => expect(readProfferClaims(value)).toBeNull()),
      { numRuns: 500, seed: 10 },
    );
  });

  test.each([[[]], [[NO_TRAINING, NO_TRAINING]], [[NO_TRAINING, NOT_PASSED_ON, { ...NO_TRAINING, uri: 'https://x' }]]])(
    'name one document or two different ones: not %j',
    (terms) => expect(readProfferClaims({ ...proffer, terms })).toBeNull(),
  );
});

describe('the claims of an answer', () => {
  test.each([
    ['accepting', accepting],
    ['declining', declining],
  ] as const)(
    '(%s) with one member changed to anything, or one more, say exactly one thing of the right types, or nothing',
    (_name, good) => {
      expect(readAgreementClaims(good)).toEqual(good);
      const run = fc.property(changed(good), ([name, claims]) => {
        const read = readAgreementClaims(claims);
        if (!['accepted', 'declined', '__proto__', ...Object.keys(good)].includes(name)) expect(read).toBeNull();
        if (read === null) return;
        expect(read.iss).toBe(read.sub);
        expect(read.proffer).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
        expect([read.accepted !== undefined, read.declined === true].filter(Boolean)).toHaveLength(1);
        if (read.accepted !== undefined) expect(read.accepted.digest).toHaveLength(43);
      });
      fc.assert(run, { numRuns: 3_000, seed: 11 });
    },
  );

  test.each([
    ['both', { ...accepting, declined: true }],
    ['neither', undecided],
    ['a declining that is false', { ...undecided, declined: false }],
    ['an issuer that is not its subject', { ...accepting, sub: 'https://else.example/client' }],
  ])('are none with %s', (_name, claims) => expect(readAgreementClaims(claims)).toBeNull());
});

describe('an answer', () => {
  test('to an offer is by the Requester it was made to, to its AM, and of terms that it names, text and all', () => {
    expect(answersProffer(accepting, proffer)).toBe(true);
    expect(answersProffer(declining, proffer)).toBe(true);
    expect(answersProffer({ ...accepting, accepted: NOT_PASSED_ON }, proffer)).toBe(true);
    expect(answersProffer({ ...accepting, accepted: { ...NO_TRAINING, digest: 'x'.repeat(43) } }, proffer)).toBe(false);
    expect(answersProffer({ ...accepting, accepted: { ...NO_TRAINING, uri: NOT_PASSED_ON.uri } }, proffer)).toBe(false);
    expect(answersProffer({ ...accepting, iss: 'https://else.example/client' }, proffer)).toBe(false);
    expect(answersProffer({ ...declining, aud: 'https://other-am.example' }, proffer)).toBe(false);
  });
});

describe('a terms document', () => {
  const document = {
    id: 'no-training',
    version: '1.0',
    title: 'No training',
    summary: 'You do not train models with it.',
    purposes: [],
    prohibited: ['https://w3id.org/dpv/ai#TrainingData'],
    obliged: [],
  };

  test.each([
    ['without a title', { ...document, title: undefined }],
    ['with a title that shows nothing', { ...document, title: '\u200b' }],
    ['whose id leads elsewhere', { ...document, id: '../keys' }],
    ['whose version is not two numbers', { ...document, version: '1' }],
    ['whose version is spelled in a second way', { ...document, version: '01.0' }],
    ['that says more', { ...document, effective: 'tomorrow' }],
  ])('is none %s', (_name, given) => {
    expect(termsDocumentSchema.safeParse(document).success).toBe(true);
    expect(termsDocumentSchema.safeParse(given).success).toBe(false);
  });
});
