import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatForm, LIMIT, parseForm } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (input: Uint8Array | string): Record<string, string> | null => {
  const result = parseForm(input);
  return result.kind === 'form' ? Object.fromEntries(result.params) : null;
};

// what a parameter may be: well-formed text without control characters other than tab, CR and LF
const text = fc
  .string({ unit: 'grapheme' })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
  .map((value) => value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, ''))
  .filter((value) => value.isWellFormed());
const name = text.filter((value) => value !== '');

describe('a form', () => {
  test('what formatForm writes, parseForm reads back, as text and as bytes', () => {
    fc.assert(
      fc.property(fc.dictionary(name, text, { maxKeys: 20 }), (params) => {
        const form = formatForm(params);
        fc.pre(form.length <= LIMIT.formBytes);
        const expected = Object.entries(params);
        for (const input of [form, bytes(form)]) {
          const result = parseForm(input);
          expect(result.kind).toBe('form');
          expect([...result.params]).toEqual(expected);
        }
      }),
    );
  });

  test('what formatForm writes is what URLSearchParams writes, whatever the text', () => {
    const any = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(any, text), any, { maxKeys: 5 }), (params) => {
        expect(formatForm(params)).toBe(new URLSearchParams(Object.entries(params)).toString());
      }),
      { numRuns: 1_000 },
    );
    const ascii = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code));
    expect(formatForm({ a: ascii, b: '\ud800' })).toBe(new URLSearchParams({ a: ascii, b: '\ud800' }).toString());
  });

  test('what is accepted is read as URLSearchParams reads it', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('&', '=', '+', '%20', '%C3%BC', '%2B', '%26', 'a', 'b', '&&', '='),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        (form) => {
          const result = parseForm(form);
          if (result.kind !== 'form') return;
          // it would take a first `?` for the mark before a query
          expect([...result.params]).toEqual([...new URLSearchParams(`&${form}`)].filter(([key]) => key !== ''));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('members of Object.prototype are names like any other', () => {
    const result = parseForm('__proto__=a&constructor=b&toString=c');
    expect([...result.params]).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ]);
  });

  test('an empty one has no parameters; a name without a value has an empty one', () => {
    expect(read('')).toEqual({});
    expect(read('a&b=&=c&&')).toEqual({ a: '', b: '' });
  });
});

describe('a form is refused', () => {
  test.each([
    ['%zz', 'a=%zz'],
    ['a lone %', 'a=%'],
    ['half an escape', 'a=%4'],
    ['an escape in a name', '%zz=a'],
    ['percent-encoded bytes that are not UTF-8', 'a=%ff'],
    ['an overlong encoding', 'a=%C0%AF'],
    ['a percent-encoded lone surrogate', 'a=%ED%A0%80'],
    ['a raw lone surrogate', 'a=\ud800'],
    ['NUL', 'a=%00'],
    ['a raw NUL', 'a=\0'],
    ['NUL in a name', 'a%00b=c'],
    ['another control character', 'a=%1b'],
    ['DEL', 'a=%7f'],
    ['characters that are not encoded', 'a=ü'],
    ['what a lossy decoder leaves of broken UTF-8', 'a=\ufffd'],
    ['a byte order mark', '\ufeffa=b'],
  ])('with %s', (_what, form) => {
    expect(parseForm(form)).toMatchObject({ kind: 'malformed', repeated: null });
  });

  test('with raw bytes that are not UTF-8, and with raw ones that are', () => {
    expect(parseForm(Uint8Array.of(0x61, 0x3d, 0xff))).toMatchObject({ kind: 'malformed', repeated: null });
    expect(parseForm(bytes('a=ü'))).toMatchObject({ kind: 'malformed', repeated: null });
  });

  test('with more than 1000 parameters, and is not with 1000: a consent page may ask about hundreds of scopes', () => {
    const pairs = (count: number): string => Array.from({ length: count }, (_, i) => `p${i}=v`).join('&');
    expect(parseForm(pairs(1000))).toMatchObject({ kind: 'form' });
    expect(parseForm(pairs(1001))).toMatchObject({ kind: 'malformed', repeated: null });
    expect(parseForm('&'.repeat(1000))).toMatchObject({ kind: 'malformed', repeated: null });
  });

  test('with more than 64 KB', () => {
    const filler = Array.from({ length: 8 }, (_, i) => `${i}=${'a'.repeat(8000)}`).join('&');
    expect(parseForm(filler)).toMatchObject({ kind: 'form' });
    for (const form of [`${filler}&last=${'a'.repeat(2000)}`, 'a'.repeat(65_537)]) {
      expect(parseForm(form)).toMatchObject({ kind: 'malformed' });
      expect(parseForm(bytes(form))).toMatchObject({ kind: 'malformed' });
    }
  });

  test('with a value of more than 8192 characters, and is not with one of as many', () => {
    expect(parseForm(`a=${'b'.repeat(8192)}`)).toMatchObject({ kind: 'form' });
    expect(parseForm(`a=${'b'.repeat(8193)}`)).toMatchObject({ kind: 'malformed' });
    expect(parseForm(`${'b'.repeat(8193)}=a`)).toMatchObject({ kind: 'malformed' });
  });

  test('within milliseconds, whatever the size', () => {
    const forms = ['a=b&'.repeat(400_000), '%41'.repeat(500_000), 'a'.repeat(2_000_000), '='.repeat(2_000_000)];
    const before = process.cpuUsage();
    for (const form of forms) expect(parseForm(form)).toMatchObject({ kind: 'malformed' });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});

describe('repeated names', () => {
  test('are refused by name, also in another spelling, with the first value kept for the answer', () => {
    const result = parseForm('scope=a&state=s&%73cope=b&state=t');
    expect(result).toMatchObject({ kind: 'malformed', repeated: ['scope', 'state'] });
    expect([...result.params]).toEqual([
      ['scope', 'a'],
      ['state', 's'],
    ]);
  });

  test('are not told from worse: a form that is also not decodable says nothing of them', () => {
    expect(parseForm('a=1&a=2&b=%ff')).toMatchObject({ kind: 'malformed', repeated: null, params: new Map() });
  });

  test('never put the stranger’s text into the answer', () => {
    const result = parseForm('%3Cscript%3E=1&%3Cscript%3E=2');
    expect(result).toMatchObject({ reason: 'The parameter (unprintable) is given more than once.' });
  });
});

test('no input makes the parser throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 })), (input) => {
      expect(['form', 'malformed']).toContain(parseForm(input).kind);
    }),
  );
});
