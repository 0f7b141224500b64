import { expect } from '@jest/globals';
import type { Answer } from '@chatelaine/test-kit';
import type { TestHost } from './test-host.ts';

/** Expects the Host's API to refuse a request, and to name its metadata. RFC 6750 §3, RFC 9728 §5.1. */
export function expectRefusedBy({ issuer }: TestHost, answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.json['error']]).toEqual([status, error]);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.headers['content-type']).toContain('application/json');
  expect(answer.headers['www-authenticate']).toContain(`error="${error}"`);
  expect(answer.headers['www-authenticate']).toContain(
    `resource_metadata="${issuer}/.well-known/oauth-protected-resource/api"`,
  );
}

const BAD_TOKEN = {
  error: 'invalid_request',
  error_description: 'The subject_token or actor_token is not acceptable.',
};

/** Expects hop 2 to refuse a token or a statement, without saying why. */
export function expectBadToken(answer: Answer): void {
  expect([answer.status, answer.json]).toEqual([400, BAD_TOKEN]);
  expect(answer.headers['cache-control']).toBe('no-store');
}
