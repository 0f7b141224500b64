import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answersFor } from '../src/consent/consent-form.ts';
import { type Defaults, UNCHOSEN } from '../src/rules/defaults.ts';
import { markWanted, type Offered, type OwnLink } from '../src/consent/offered.ts';
import { outcomeName, outcomeOf, outcomeWords } from '../src/consent/outcome.ts';
import { choicesIn as choicesFrom, PRESET_EFFECT_FIELD, PRESET_FIELD, type Preset } from '../src/consent/prefill.ts';

const SCOPES = ['photos.read', 'photos.write', 'albums.read', 'albums.write'];
const own = (linkId: string, host = linkId): OwnLink => ({
  linkId,
  hostId: host,
  hostName: host,
  hostIssuer: `https://${host}.example`,
  resources: [`https://${host}.example/api`],
  label: linkId,
  scopes: SCOPES.map((scope) => ({ scope, sentence: scope, access: scope.endsWith('.read') ? 'read' : 'write' })),
});
const wants = [
  { scope: 'photos.read', purpose: 'To print them' },
  { scope: 'albums.read photos.write', resource: 'https://b.example/api', purpose: 'To keep what you draw' },
];
const offer = (links: OwnLink[], said = wants): Offered => ({
  links: markWanted(links, said),
  hasMore: false,
  wants: said,
});
const NOTHING = new Map<string, string>();
const begins = (defaults: Partial<Defaults> = {}, unused: string[] = []) => ({
  defaults: { ...UNCHOSEN, ...defaults },
  unused: new Set(unused),
});
const choicesIn = (offered: Offered, form: ReadonlyMap<string, string>, from = begins()) =>
  choicesFrom(offered, form, from);
/** The answers that a form is filled in with, as `link scope effect`. */
const rows = (offered: Offered, form: ReadonlyMap<string, string>): string[] =>
  offered.links.flatMap((link) =>
    answersFor(link, form).map(({ scope, effect }) => `${link.linkId} ${scope} ${effect}`),
  );
const pressed = (preset: Preset, effect: string, before = NOTHING) =>
  new Map([...before, [PRESET_FIELD, preset], [PRESET_EFFECT_FIELD, effect]]);
const many = Array.from({ length: 60 }, (_, n) => own(`x${n}`));

describe('what a consent page holds before anybody chooses', () => {
  it('is reading as it is wanted, to be asked about; writing is off, and so is what was not asked for', () => {
    const offered = offer([own('a'), own('b')]);
    expect(rows(offered, choicesIn(offered, NOTHING))).toEqual([
      'a photos.read ask',
      'b photos.read ask',
      'b albums.read ask',
    ]);
  });

  it('is the owner’s defaults, for what is wanted alone; at an unused service, only those for such', () => {
    const offered = offer([own('a'), own('b')]);
    const from = (...given: Parameters<typeof begins>) => rows(offered, choicesIn(offered, NOTHING, begins(...given)));
    expect(from({ reading: 'allow', writing: 'ask' })).toEqual([
      'a photos.read allow',
      'b photos.read allow',
      'b photos.write ask',
      'b albums.read allow',
    ]);
    expect(from({ reading: 'allow', writing: 'allow', newServices: 'ask' }, ['b'])).toEqual([
      'a photos.read allow',
      'b photos.read ask',
      'b photos.write ask',
      'b albums.read ask',
    ]);
    expect(from({ newServices: 'no' }, ['a', 'b'])).toEqual([]);
    expect(from({ reading: 'no' })).toEqual([]);
    const chosen = new Map([['answer:b:photos.write', 'no']]);
    expect(rows(offered, choicesIn(offered, chosen, begins({ writing: 'allow' })))).not.toContain(
      'b photos.write allow',
    );
    const silent = offer([own('a')], []);
    expect(rows(silent, choicesIn(silent, NOTHING, begins({ reading: 'allow', writing: 'allow' })))).toEqual([]);
  });

  it('is nothing where the Requester says nothing of what it wants', () => {
    for (const links of [[own('a'), own('b')], many]) {
      const offered = offer(links, []);
      expect(rows(offered, choicesIn(offered, NOTHING))).toEqual([]);
    }
  });

  it('chooses between no two accounts at one Host', () => {
    const offered = offer([own('a'), own('b1', 'b'), own('b2', 'b')]);
    expect(rows(offered, choicesIn(offered, NOTHING))).toEqual(['a photos.read ask']);
  });

  it('is the same where there are too many accounts to be answered one by one', () => {
    const offered = offer(many);
    const chosen = rows(offered, choicesIn(offered, NOTHING));
    expect([chosen.length, new Set(chosen.map((row) => row.replace(/^\S+ /, '')))]).toEqual([
      60,
      new Set(['photos.read ask']),
    ]);
  });
});

describe('a button for everything at once', () => {
  it.each<[Preset, number]>([
    ['read', 3],
    ['wanted', 4],
    ['everything', 8],
  ])('%s: what it covers is there thing by thing, with the effect that was set', (preset, count) => {
    const offered = offer([own('a'), own('b')]);
    for (const effect of ['ask', 'allow']) {
      const chosen = rows(offered, choicesIn(offered, pressed(preset, effect)));
      expect(chosen).toHaveLength(count);
      expect(chosen.every((row) => row.endsWith(` ${effect}`))).toBe(true);
    }
  });

  it('never covers a scope or an account that came after it was pressed, be there few or many', () => {
    for (const links of [[own('a'), own('b')], many]) {
      const before = offer(links);
      for (const preset of ['read', 'wanted', 'everything'] as const) {
        const { [PRESET_FIELD]: _, ...sent } = Object.fromEntries(choicesIn(before, pressed(preset, 'allow')));
        const more = offer([
          ...links.map(({ scopes, ...link }) => ({ ...link, scopes: [...scopes, NEW] })),
          own('new'),
        ]);
        const form = new Map(Object.entries(sent));
        expect(rows(more, form)).toEqual(rows(before, form));
      }
    }
  });
  const NEW = { scope: 'faces.read', sentence: 'See faces', access: 'read' } as const;

  it('keeps the account that was chosen of two at one Host, and takes neither where none was', () => {
    const offered = offer([own('b1', 'b'), own('b2', 'b')]);
    expect(rows(offered, choicesIn(offered, pressed('everything', 'allow')))).toEqual([]);
    const second = new Map([['answer:b2:photos.read', 'ask']]);
    const chosen = rows(offered, choicesIn(offered, pressed('wanted', 'allow', second)));
    expect(chosen).toEqual(['b2 photos.read allow', 'b2 photos.write allow', 'b2 albums.read allow']);
  });

  it('an effect that is none is asking, and a button that is none is none', () => {
    const offered = offer([own('a')]);
    expect(rows(offered, choicesIn(offered, pressed('wanted', 'deny')))).toEqual(['a photos.read ask']);
    expect(
      rows(
        offered,
        choicesIn(offered, new Map([...pressed('wanted', 'allow'), ['all:a', 'no'], [PRESET_FIELD, 'all']])),
      ),
    ).toEqual([]);
  });
});

describe('what the button says', () => {
  it.each([
    [0, 0, 'Allow nothing yet'],
    [1, 0, 'Allow 1 thing for 1 hour'],
    [2, 0, 'Allow 2 things for 1 hour'],
    [0, 3, 'Let it ask for 3 things for 1 hour'],
    [2, 1, 'Allow 2 things, ask for 1 more, for 1 hour'],
  ])('of %i and %i is: %s', (allow, ask, words) => {
    expect(outcomeWords({ allow, ask, words: 'for 1 hour' })).toBe(words);
  });

  it('is another whenever how much or how long is another', () => {
    const part = fc.record({
      allow: fc.nat(5),
      ask: fc.nat(5),
      duration: fc.constantFrom('hour', 'today', 'month', 'open'),
    });
    fc.assert(
      fc.property(part, part, (one, other) => {
        expect(outcomeName(one) === outcomeName(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it('counts what the form comes to', () => {
    const { links } = offer([own('a'), own('b')]);
    const form = new Map([
      ['all:a', 'allow'],
      ['answer:a:photos.read', ''],
      ['answer:a:photos.write', 'ask'],
      ['answer:b:photos.read', 'no'],
      ['answer:c:photos.read', 'allow'],
      ['duration', 'hour'],
    ]);
    expect(outcomeOf(links, form)).toEqual({ allow: 1, ask: 1, duration: 'hour', words: 'for 1 hour' });
  });
});
