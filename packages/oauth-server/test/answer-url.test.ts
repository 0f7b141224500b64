import { describe, expect, test } from '@jest/globals';
import { parseForm, parseIssuer } from '@chatelaine/protocol';
import { answerUrl } from '../src/index.ts';

const issuer = parseIssuer('https://am.example', ['https']);
if (issuer === null) throw new Error('no issuer');
const queryOf = (url: string) => {
  const form = parseForm(url.slice(url.indexOf('?') + 1));
  return form.kind === 'form' ? Object.fromEntries(form.params) : form.reason;
};

describe('the redirect back', () => {
  test('carries code, state and iss, and an error never looks like a code', () => {
    const to = { redirectUri: 'https://app.example/cb', state: 's' };
    expect(queryOf(answerUrl(issuer, to, { code: 'c' }))).toEqual({ code: 'c', state: 's', iss: issuer });
    const refused = answerUrl(issuer, to, { error: 'access_denied', description: 'No & never.' });
    expect(queryOf(refused)).toEqual({
      error: 'access_denied',
      error_description: 'No & never.',
      state: 's',
      iss: issuer,
    });
  });

  test.each(['', ' a ', 'a+b', '&code=x', '#', '%00', 'ü😀', '"<>', 'a\tb\r\nc'])(
    'carries the state %j as it came',
    (state) => {
      const url = answerUrl(issuer, { redirectUri: 'https://app.example/cb', state }, { code: 'c' });
      expect(queryOf(url)).toEqual({ code: 'c', state, iss: issuer });
      expect(url).toMatch(/^[\x21-\x7e]+$/);
    },
  );

  test('has no state where there was none', () => {
    const url = answerUrl(issuer, { redirectUri: 'https://app.example/cb', state: null }, { code: 'c' });
    expect(queryOf(url)).toEqual({ code: 'c', iss: issuer });
  });

  test.each([
    ['https://app.example', 'https://app.example?code=c'],
    ['https://app.example/cb?a=b%20c&flag', 'https://app.example/cb?a=b%20c&flag&code=c'],
    ['http://127.0.0.1:4711/%7Ecb', 'http://127.0.0.1:4711/%7Ecb?code=c'],
  ])('leaves %s as it is', (redirectUri, expected) => {
    expect(answerUrl(issuer, { redirectUri, state: null }, { code: 'c' })).toBe(
      `${expected}&iss=https%3A%2F%2Fam.example`,
    );
  });
});
