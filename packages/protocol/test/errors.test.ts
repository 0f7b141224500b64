import { describe, expect, test } from '@jest/globals';
import { ERROR_STATUS, type ErrorCode, OAuthError, tooManyRequests } from '../src/index.ts';

describe('an error', () => {
  test.each(Object.entries(ERROR_STATUS) as [ErrorCode, number][])(
    '%s has status %i and says only what the client may read',
    (code, status) => {
      const error = new OAuthError(code, 'A sentence.', { cause: 'what the operator needs' });
      expect(error.status).toBe(status);
      expect(JSON.parse(JSON.stringify(error))).toEqual({ error: code, error_description: 'A sentence.' });
    },
  );

  test('carries extras beside the code, never in place of it', () => {
    const error = new OAuthError('access_denied', 'No.', { extras: { denied_by: 'host', requestable: false } });
    expect(error.toJSON()).toEqual({
      error: 'access_denied',
      error_description: 'No.',
      denied_by: 'host',
      requestable: false,
    });
  });

  test('of too many requests is 429 and says when to come back', () => {
    expect(tooManyRequests(7)).toMatchObject({ status: 429, retryAfter: 7, code: 'temporarily_unavailable' });
    expect(tooManyRequests(7).message).toContain('Wait a minute,');
    expect(tooManyRequests(2_401).message).toContain('Wait 41 minutes,');
  });

  // RFC 6749 §5.2: what an error_description may hold
  test('has a code that may stand in an answer', () => {
    for (const code of Object.keys(ERROR_STATUS)) expect(code).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });
});
