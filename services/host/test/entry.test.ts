import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseNewEntry } from '../src/entries/entry.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const text = fc.oneof(anyText, fc.constantFrom(' ', '\u0000', '\ud800', 'a\nb', 'x'.repeat(2_001)));
const date = fc.oneof(
  fc.date({ noInvalidDate: false }).map(String),
  fc.constantFrom('2026-02-30', '0000-01-01', '99999-01-01', '2026-11-23', '2026-11-23T00:00'),
);
const given = fc.oneof(
  fc.jsonValue(),
  fc.record({ text, date, more: fc.jsonValue() }, { requiredKeys: ['text'] }),
  fc.record({ text }),
  fc.record({ text, date }),
);

test('whatever is posted as an entry is kept, or refused with a sentence that repeats nothing of it', () => {
  let kept = 0;
  fc.assert(
    fc.property(given, (value) => {
      const parsed = parseNewEntry(value);
      if (parsed.kind === 'wrong') {
        expect(parsed.problem).toMatch(/^[A-Za-z][A-Za-z0-9 ,.-]+\.$/);
        return;
      }
      kept++;
      const { entry } = parsed;
      expect(
        entry.text.length > 0 && entry.text.length <= 2_000 && entry.text.isWellFormed() && !entry.text.includes('\0'),
      ).toBe(true);
      if (entry.date !== undefined) expect(new Date(entry.date).toISOString().slice(0, 10)).toBe(entry.date);
    }),
    { numRuns: 3_000, seed: 37 },
  );
  expect(kept).toBeGreaterThan(0);
});
