import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clientDocumentSchema,
  clientMetadataSchema,
  serverMetadataSchema,
  transferStatementSchema,
} from '../src/index.ts';

const base = { redirect_uris: ['https://app.example/cb'] };
const isAccepted = (metadata: object): boolean => clientMetadataSchema.safeParse({ ...base, ...metadata }).success;

/** Texts that look like another one, or like none. */
const DECEPTIVE = [
  ['empty', ''],
  ['blank', '   '],
  ['no-break space alone', '\u00a0'],
  ['NUL', 'Photo\0s'],
  ['line break', 'Photos\nby Chatelaine'],
  ['escape sequence', '\u001b[31mPhotos'],
  ['C1 control', 'Photos\u009b'],
  ['right-to-left override', 'Photos\u202egro.elpmaxe'],
  ['right-to-left mark', 'Photos\u200f'],
  ['Arabic letter mark', 'Photos\u061c'],
  ['isolate', '\u2067Photos'],
  ['zero-width space', 'Pho\u200btos'],
  ['zero-width joiner', 'Pho\u200dtos'],
  ['zero-width non-joiner', 'Pho\u200ctos'],
  ['joiner at the end', 'Photos\u200d'],
  ['joiners alone', '\u200c\u200d'],
  ['joiner between Arabic letters', 'کتاب\u200dخانه'],
  ['non-joiner where nothing would join', 'کتا\u200cب'],
  ['non-joiner at the end of a word', 'کتاب\u200c'],
  ['two non-joiners', 'کتاب\u200c\u200cخانه'],
  ['two joiners after a virama', 'शरद्\u200d\u200d'],
  ['joiner after an emoji', '👩\u200d Family'],
  ['word joiner', 'Pho\u2060tos'],
  ['soft hyphen', 'Pho\u00adtos'],
  ['byte order mark', '\ufeffPhotos'],
  ['tag characters', 'Photos\u{e0041}'],
  ['line separator', 'Photos\u2028'],
  ['private use', 'Photos\ue000'],
  ['lone surrogate', 'Photos\ud800'],
  ['Hangul filler alone', '\u3164'],
  ['Braille blank alone', '\u2800'],
  ['grapheme joiner', 'Pho\u034ftos'],
  ['101 characters', 'a'.repeat(101)],
] as const;

describe('a client’s name', () => {
  test.each([
    'Photos',
    'Fotos für Mütter',
    '写真',
    'תמונות',
    'Фото',
    'a',
    'a'.repeat(100),
    'Photos 📷 ❤️',
    "O'Neil & Co <b>",
    'کتاب\u200cخانه',
    'می\u200cخواهم',
    'ক্\u200cষ',
    'शरद्\u200d',
    'ക്\u200d',
    'র\u200d\u09cdাপ',
    '👩\u200d👧 Family',
    '👩🏽\u200d💻',
    '🏳️\u200d🌈',
  ])('that looks like what it says is accepted: %j', (client_name) => expect(isAccepted({ client_name })).toBe(true));

  test.each(DECEPTIVE)('that is deceptive is refused: %s', (_what, client_name) =>
    expect(isAccepted({ client_name })).toBe(false),
  );

  test('is judged the same in a statement and for a Host’s own name', () => {
    const statement = {
      iss: 'https://am.example',
      sub: 'client',
      aud: 'https://h.example',
      iat: 1,
      exp: 2,
      jti: 'j',
      ath: 'a',
      resource: 'r',
      scope: 's',
      bearer: true,
      grant_id: 'A'.repeat(22),
    };
    const server = {
      issuer: 'https://h.example',
      authorization_endpoint: 'https://h.example/a',
      token_endpoint: 'https://h.example/t',
      response_types_supported: ['code'],
    };
    expect(transferStatementSchema.safeParse({ ...statement, client_name: 'Photos' }).success).toBe(true);
    expect(serverMetadataSchema.safeParse({ ...server, chatelaine_name: 'Photos' }).success).toBe(true);
    for (const [, name] of DECEPTIVE) {
      expect(transferStatementSchema.safeParse({ ...statement, client_name: name }).success).toBe(false);
      expect(serverMetadataSchema.safeParse({ ...server, chatelaine_name: name }).success).toBe(false);
    }
  });
});

describe('a URI', () => {
  const BAD = [
    '',
    'https://app.example/\0',
    'https://app.example/ü',
    'https://app.example/\ud800',
    'https://app.example/a b',
    'https://app.example/\n',
    `https://app.example/${'a'.repeat(2000)}`,
  ];

  test.each(['client_uri', 'logo_uri', 'tos_uri', 'policy_uri', 'jwks_uri', 'chatelaine_issuer'])(
    'as %s is printable ASCII of at most 2000 characters',
    (member) => {
      expect(isAccepted({ [member]: 'https://app.example/x' })).toBe(true);
      for (const value of [...BAD, null, 7, ['https://app.example']])
        expect(isAccepted({ [member]: value })).toBe(false);
    },
  );

  test('among redirect_uris is printable ASCII, too; there are 1 to 20', () => {
    for (const value of BAD) expect(isAccepted({ redirect_uris: [value] })).toBe(false);
    expect(isAccepted({ redirect_uris: [] })).toBe(false);
    expect(isAccepted({ redirect_uris: Array(20).fill('https://app.example/cb') })).toBe(true);
    expect(isAccepted({ redirect_uris: Array(21).fill('https://app.example/cb') })).toBe(false);
    expect(isAccepted({ redirect_uris: 'https://app.example/cb' })).toBe(false);
    expect(isAccepted({ redirect_uris: undefined })).toBe(false);
  });
});

describe('metadata', () => {
  test('keeps only the members it knows: nobody makes themselves trusted', () => {
    const parsed = clientMetadataSchema.parse({
      ...base,
      client_id: 'mine',
      client_secret: 's',
      is_trusted: true,
      tenant_id: 't',
    });
    expect(parsed).toEqual(base);
  });

  test('of a client document names its own id', () => {
    expect(clientDocumentSchema.safeParse(base).success).toBe(false);
    expect(clientDocumentSchema.safeParse({ ...base, client_id: 'https://app.example/client' }).success).toBe(true);
  });

  test('of any other shape is refused, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const isObject = typeof value === 'object' && value !== null && 'redirect_uris' in value;
        fc.pre(!isObject);
        expect(clientMetadataSchema.safeParse(value).success).toBe(false);
      }),
    );
  });
});
