import { hostTag } from '@chatelaine/crypto';
import { describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
import type { TestAm } from '../support/test-am.ts';
import { world, host } from './scene.ts';

export function requests(): void {
  describe('who may ask for a link', () => {
    test.each<[string, string, (am: TestAm, tag: string) => Readonly<Record<string, unknown>>]>([
      ['without an issuer', 'names no issuer', () => ({ chatelaine_issuer: undefined })],
      ['of another issuer', 'other than its own origin', () => ({ chatelaine_issuer: 'https://honest.example' })],
      ['with another redirect URI', 'redirect URI', (am) => ({ redirect_uris: [`${am.issuer}/callback/other`] })],
      [
        'with one redirect URI more',
        'redirect URI',
        (am, tag) => ({ redirect_uris: [`${am.issuer}/callback/${tag}`, `${am.issuer}/callback/x`] }),
      ],
      ['with keys elsewhere', 'on its own origin', () => ({ jwks_uri: 'https://other.example/jwks' })],
      ['with keys in it', 'on its own origin', (am) => ({ jwks_uri: undefined, jwks: { keys: [am.key.publicJwk] } })],
      ['without authentication', 'private_key_jwt', () => ({ token_endpoint_auth_method: 'none' })],
    ])('a client document %s is refused, and its developer told why', async (_name, sentence, document) => {
      const fresh = await world.host();
      world.am.document = document(world.am, hostTag(fresh.issuer));
      const { answer } = await world.am.push(fresh);
      const address = `/authorize?client_id=${encodeURIComponent(world.am.clientId(fresh))}&request_uri=x`;
      const page = await send(fresh.port, { path: address });
      world.am.document = {};
      expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
      expect([page.status, page.onward]).toEqual([400, undefined]);
      expect(page.text).toContain(sentence);
    });

    test('a client document made for another Host is refused here', async () => {
      const clientId = `${world.am.issuer}/clients/${hostTag('https://other.example')}`;
      const page = await send(host.port, {
        path: `/authorize?client_id=${encodeURIComponent(clientId)}&request_uri=x`,
      });
      expect(page.status).toBe(400);
      expect(page.text).toContain('publishes for this Host');
    });

    test('a pushed request of one AM is not opened under the name of another', async () => {
      const { answer } = await world.am.push(host);
      const query = new URLSearchParams({
        client_id: world.otherAm.clientId(host),
        request_uri: String(answer.json['request_uri']),
      });
      const page = await host.browser('alice').get(`/authorize?${query.toString()}`);
      expect([page.status, page.onward]).toEqual([400, undefined]);
    });
  });

  describe('the authorization request', () => {
    test.each([
      ['transfer with any other scope', { scope: 'transfer entries.read' }, 'invalid_scope'],
      ['any other scope alone', { scope: 'entries.read' }, 'invalid_scope'],
      ['no scope', { scope: undefined }, 'invalid_scope'],
      ['a transfer_scope the Host does not offer', { transfer_scope: 'entries.read entries.delete' }, 'invalid_scope'],
      ['transfer as a transfer_scope', { transfer_scope: 'transfer' }, 'invalid_scope'],
      ['no code_challenge', { code_challenge: undefined }, 'invalid_request'],
      ['a plain code_challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['a code_challenge that is none', { code_challenge: 'short' }, 'invalid_request'],
      ['another response_type', { response_type: 'token' }, 'unsupported_response_type'],
      ['another redirect_uri', { redirect_uri: 'https://evil.example/' }, 'invalid_request'],
    ])('%s is refused', async (_name, form, error) => {
      const { answer } = await world.am.push(host, form);
      expect([answer.status, answer.json['error']]).toEqual([400, error]);
      expect(answer.headers['cache-control']).toBe('no-store');
    });

    test('a request that was not pushed goes nowhere but back, with iss and the state byte for byte', async () => {
      const state = `a b&c=d"ü${'x'.repeat(1000)}`;
      const query = new URLSearchParams({
        client_id: world.am.clientId(host),
        response_type: 'code',
        state,
        scope: 'transfer',
      });
      const answer = await host.browser('alice').get(`/authorize?${query.toString()}`);
      const back = new URL(answer.onward ?? '');
      expect(answer.status).toBe(303);
      expect(back.origin + back.pathname).toBe(`${world.am.issuer}/callback/${hostTag(host.issuer)}`);
      expect(Object.fromEntries(back.searchParams)).toMatchObject({
        error: 'invalid_request',
        state,
        iss: host.issuer,
      });
    });

    test('an unknown client and a foreign redirect_uri get a page, never a redirect', async () => {
      for (const params of [
        { client_id: 'https://nobody.example/clients/x' },
        { client_id: world.am.clientId(host), redirect_uri: 'https://evil.example/' },
      ]) {
        const answer = await host
          .browser('alice')
          .get(`/authorize?${new URLSearchParams({ response_type: 'code', ...params }).toString()}`);
        expect([answer.status, answer.onward]).toEqual([400, undefined]);
        expect(answer.headers['content-type']).toContain('text/html');
      }
    });
  });
}
