import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseToken, TOKEN_KINDS } from '../src/index.ts';

const kind = fc.constantFrom(...TOKEN_KINDS);

test('kind and bucket of any token are read back', () => {
  fc.assert(
    fc.property(
      kind,
      fc.integer({ min: 0, max: 0xffff }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (given, bucket, secret) => {
        const bytes = Buffer.concat([Uint8Array.of(bucket >> 8, bucket & 0xff), secret]);
        expect(parseToken(`cha_${given}_${bytes.toString('base64url')}`)).toEqual({ kind: given, bucket });
      },
    ),
  );
});

test.each([
  ['another prefix', (body: string) => `chb_ct_${body}`],
  ['an unknown kind', (body: string) => `cha_xx_${body}`],
  ['an upper-case kind', (body: string) => `cha_CT_${body}`],
  ['a member of Object.prototype as kind', (body: string) => `cha_constructor_${body}`],
  ['too few characters', (body: string) => `cha_ct_${body.slice(1)}`],
  ['too many characters', (body: string) => `cha_ct_${body}A`],
  ['characters of plain base64', (body: string) => `cha_ct_+/${body.slice(2)}`],
  ['padding', (body: string) => `cha_ct_${body.slice(1)}=`],
  ['a line break at the end', (body: string) => `cha_ct_${body}\n`],
  ['something before it', (body: string) => ` cha_ct_${body}`],
  ['no body', () => 'cha_ct_'],
  ['nothing', () => ''],
])('a text with %s is none of ours', (_what, make) => {
  expect(parseToken(make(randomBytes(34).toString('base64url')))).toBeNull();
});

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        kind.map((given) => `cha_${given}_`),
      ),
      (text) => {
        expect(parseToken(text)).toBeNull();
      },
    ),
  );
});
