import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clientMetadataSchema, formatWants, parseWants, serverMetadataSchema, type Want } from '../src/index.ts';

const scope = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,8}\.(read|write)$/), { minLength: 1, maxLength: 3 })
  .map((values) => values.join(' '));
const purpose = fc.stringMatching(/^[A-Za-z][A-Za-z ,.?!äß€]{0,80}[a-z]$/);
const want: fc.Arbitrary<Want> = fc.oneof(
  fc.record({ scope, purpose }),
  fc.record({ scope, purpose, resource: fc.stringMatching(/^https:\/\/[a-z]{1,12}\.example\/[a-z]{0,8}$/) }),
);
const GOOD: Want = { scope: 'photos.read', resource: 'https://photos.example/api', purpose: 'To print them' };
const keysOf = (wants: readonly Want[]): string[] =>
  wants.flatMap((one) => one.scope.split(' ').map((each) => JSON.stringify([each, one.resource])));

describe('what a Requester wants', () => {
  test('is read as it was written, and never twice the same thing', () => {
    const run = fc.property(fc.array(want, { minLength: 1, maxLength: 8 }), (wants) => {
      const read = parseWants(formatWants(wants));
      const keys = keysOf(wants);
      if (new Set(keys).size < keys.length) expect(read).toBeNull();
      else expect(read).toEqual(wants);
    });
    fc.assert(run, { numRuns: 2_000, seed: 1 });
  });

  test('with one member changed to anything, or one more, is of the right types or nothing', () => {
    const changed = fc
      .tuple(fc.oneof(fc.constantFrom(...Object.keys(GOOD)), fc.string()), fc.jsonValue())
      .map(([name, value]) => ({ ...GOOD, [name]: value }));
    const run = fc.property(changed, (one) => {
      const read = parseWants(JSON.stringify([one]));
      if (read === null) return;
      const [first] = read;
      expect(Object.keys(first ?? {}).every((name) => Object.hasOwn(GOOD, name))).toBe(true);
      expect(first?.scope).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/);
      expect(first?.resource ?? 'x').toMatch(/^[\x21-\x7e]+$/);
      expect(first?.purpose.length).toBeLessThanOrEqual(200);
      expect(first?.purpose.trim()).not.toBe('');
    });
    fc.assert(run, { numRuns: 3_000, seed: 2 });
  });

  test('is nothing when it is anything else, and reading it never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
        expect(parseWants(text)).toBeNull();
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });

  test.each<[string, string]>([
    ['an empty list', '[]'],
    ['one thing and no list', JSON.stringify(GOOD)],
    ['a member more', JSON.stringify([{ ...GOOD, effect: 'allow' }])],
    ['no purpose', JSON.stringify([{ scope: 'a' }])],
    ['a purpose that shows nothing', JSON.stringify([{ scope: 'a', purpose: '\u200b ' }])],
    ['a purpose that turns the line around', JSON.stringify([{ scope: 'a', purpose: 'to \u202eread' }])],
    ['a purpose of two lines', JSON.stringify([{ scope: 'a', purpose: 'one\ntwo' }])],
    ['a purpose that is too long', JSON.stringify([{ scope: 'a', purpose: 'x'.repeat(201) }])],
    ['no scope', JSON.stringify([{ scope: '', purpose: 'x' }])],
    ['a scope twice in one', JSON.stringify([{ scope: 'a a', purpose: 'x' }])],
    [
      'a scope twice in two',
      JSON.stringify([
        { scope: 'a b', purpose: 'x' },
        { scope: 'b', purpose: 'y' },
      ]),
    ],
    ['the scope of every connection', JSON.stringify([{ scope: 'transfer', purpose: 'x' }])],
    ['a resource with a space', JSON.stringify([{ ...GOOD, resource: 'https://a b' }])],
    ['a repeated member', '[{"scope":"a","scope":"b","purpose":"x"}]'],
    ['a prototype', '[{"scope":"a","purpose":"x","__proto__":{}}]'],
    [
      'more than fifty things',
      JSON.stringify(Array.from({ length: 51 }, (_, n) => ({ scope: `s${n}`, purpose: 'x' }))),
    ],
  ])('is nothing when it is %s', (_what, text) => {
    expect(parseWants(text)).toBeNull();
  });

  test('stands in a client document, too', () => {
    const document = { redirect_uris: ['https://app.example/cb'], chatelaine_wants: [GOOD] };
    expect(clientMetadataSchema.parse(document).chatelaine_wants).toEqual([GOOD]);
    expect(clientMetadataSchema.safeParse({ ...document, chatelaine_wants: [] }).success).toBe(false);
  });
});

test('a Host says of a scope that it reads or writes, and nothing else', () => {
  const said = (access: unknown) =>
    serverMetadataSchema.shape.chatelaine_transfer_scope_access.safeParse(access).success;
  expect(said({ 'photos.read': 'read', 'photos.write': 'write' })).toBe(true);
  for (const wrong of [{ 'photos.read': 'delete' }, { 'photos read': 'read' }, ['read'], { 'photos.read': true }])
    expect(said(wrong)).toBe(false);
});
