import { expect, test } from '@jest/globals';
import { OAuthError, parseIssuer, TOKEN_TYPE } from '@chatelaine/protocol';
import fc from 'fast-check';
import { parseTransferForm } from '../src/transfer/parse.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const issuer =
  parseIssuer('https://photos.example', ['https']) ??
  (() => {
    throw new Error('no issuer');
  })();
const odd = fc.oneof(
  anyText,
  fc.constantFrom(
    '',
    ' ',
    'a',
    'a b',
    'a  b',
    'a a',
    '\u0000',
    TOKEN_TYPE.accessToken,
    TOKEN_TYPE.jwt,
    'urn:ietf:params:oauth:token-type:refresh_token',
    issuer,
    `${issuer}/`,
    '[]',
  ),
);
const form = fc.record(
  {
    subject_token: odd,
    subject_token_type: fc.oneof(fc.constant(TOKEN_TYPE.accessToken), odd),
    actor_token: odd,
    actor_token_type: fc.oneof(fc.constant(TOKEN_TYPE.jwt), odd),
    requested_token_type: fc.oneof(fc.constant(TOKEN_TYPE.accessToken), odd),
    resource: odd,
    audience: fc.oneof(fc.constant<string>(issuer), odd),
    scope: fc.oneof(fc.constantFrom('a', 'b a'), odd),
  },
  { requiredKeys: [] },
); // prettier-ignore

test('whatever is sent as hop 2 is read as exactly what it says, or refused in OAuth’s words', () => {
  let read = 0;
  fc.assert(
    fc.property(form, (given) => {
      const params = new Map(Object.entries(given));
      try {
        const parsed = parseTransferForm(params, issuer);
        read++;
        expect(parsed).toMatchObject({
          subjectToken: given.subject_token,
          actorToken: given.actor_token,
          resource: given.resource,
        });
        expect([given.subject_token_type, given.actor_token_type]).toEqual([TOKEN_TYPE.accessToken, TOKEN_TYPE.jwt]);
        expect(given.requested_token_type ?? TOKEN_TYPE.accessToken).toBe(TOKEN_TYPE.accessToken);
        expect(given.audience ?? issuer).toBe(issuer);
        expect(new Set(parsed.scopeText.split(' '))).toEqual(new Set(parsed.scope));
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error;
        expect(['invalid_request', 'invalid_target', 'invalid_scope']).toContain(error.code);
      }
    }),
    { numRuns: 3_000, seed: 34 },
  );
  expect(read).toBeGreaterThan(0);
});
