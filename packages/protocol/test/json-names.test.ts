import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson, PROTOTYPE_NAMES } from '../src/index.ts';

const REFUSED = ['__proto__', 'constructor', 'prototype'];
const readDocument = (input: Uint8Array) => parseJson(input, { refusedNames: PROTOTYPE_NAMES });
const bytes = (text: string) => Buffer.from(text, 'utf8');

function mayBeRead(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= 32 || Object.keys(value).some((name) => REFUSED.includes(name))) return false;
  return Object.values(value).every((each) => mayBeRead(each, depth + 1));
}

test('every JSON text reads as the platform’s parser reads it, or is refused for its depth or its names', () => {
  // names like a way to a prototype are rare by chance
  const documents = fc.oneof(
    fc.json(),
    fc.constantFrom('{"constructor":1}', '[{"__proto__":1}]', '{"x":{"prototype":[]}}'),
  );
  const levels = fc.array(fc.constantFrom('[', '[', '[', '{"a":', '{"b":', '{"c":'), { maxLength: 40 });
  fc.assert(
    fc.property(levels, documents, (opened, inner) => {
      const text =
        opened.join('') +
        inner +
        opened
          .map((open) => (open === '[' ? ']' : '}'))
          .reverse()
          .join('');
      const value: unknown = JSON.parse(text);
      const read = readDocument(bytes(text));
      expect(read.kind === 'json').toBe(mayBeRead(value));
      if (read.kind === 'json') expect(read.value).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

test('what the platform’s parser refuses is refused, whatever the text', () => {
  const jsonish = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ua01 etruefalsn'.split('')), maxLength: 30 });
  fc.assert(
    fc.property(fc.oneof(fc.string(), jsonish), (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      if (!valid) expect(readDocument(bytes(text)).kind).toBe('malformed');
    }),
    { numRuns: 3000 },
  );
});

test('a member repeated anywhere, in any spelling, is refused', () => {
  const escape = (name: string) =>
    name.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  fc.assert(
    fc.property(fc.string(), fc.array(fc.json({ maxDepth: 1 }), { minLength: 2, maxLength: 2 }), (name, [a, b]) => {
      const text = `[{"x":{${JSON.stringify(name)}:${a},"${escape(name)}":${b}}}]`;
      expect(readDocument(bytes(text)).kind).toBe('malformed');
    }),
  );
});

test('bytes of any kind never make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => ['json', 'malformed'].includes(readDocument(input).kind)),
  );
});
