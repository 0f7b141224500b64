import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Reply } from '../support/host-script.ts';
import { ask, deployment, lastTransfer } from './scene.ts';

/** Answers that the AM cannot use. */
export function unusableAnswers(): void {
  describe('an answer that cannot be used', () => {
    const html = '<html>All is well</html>';
    const token = { access_token: 'x', token_type: 'DPoP' };
    it.each<[string, () => Reply]>([
      ['is HTML', () => ({ body: html, headers: { 'content-type': 'text/html' } })],
      ['is HTML called JSON', () => ({ body: html, headers: { 'content-type': 'application/json' } })],
      ['is 10 MB', () => ({ json: { ...token, more: 'x'.repeat(10_000_000) } })],
      ['is a redirect', () => ({ status: 307, headers: { location: `${deployment.host.issuer}/elsewhere` } })],
      [
        'is compressed',
        () => ({ body: gzipSync('{}'), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }),
      ],
      ['is a list', () => ({ json: [token] })],
      ['is null', () => ({ body: 'null', headers: { 'content-type': 'application/json' } })],
      ['has a number for a token', () => ({ json: { ...token, access_token: 1 } })],
      [
        'has a member twice',
        () => ({ body: '{"access_token":"a","access_token":"b"}', headers: { 'content-type': 'application/json' } }),
      ],
      ['is empty', () => ({ status: 200 })],
      ['is 204', () => ({ status: 204 })],
      ['is 500 in HTML', () => ({ status: 500, body: html, headers: { 'content-type': 'text/html' } })],
    ])('because it %s is a 502, and nothing of it is relayed', async (_what, reply) => {
      deployment.host.script.transfer = reply;
      const answer = await ask();
      expect(answer.json).toEqual({
        error: 'server_error',
        error_description: "The Host's answer could not be used.",
        request_id: expect.any(String),
      });
      expect(answer.status).toBe(502);
      expect(await lastTransfer()).toMatchObject({ state: 'failed' });
      expect(deployment.host.hops).toHaveLength(1);
    });
  });
}
