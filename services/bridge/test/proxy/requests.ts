import { send } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { am, bridge, called, chirp, link, token } from './scene.ts';

/** What reaches the service, and what does not. */
export function requests(): void {
  describe('what reaches the service', () => {
    test('is what was meant, with its own credential and nothing of the caller’s', async () => {
      const headers = {
        cookie: 'session=secret',
        'x-forwarded-for': '1.2.3.4',
        'x-anything': 'at all',
        'accept-language': 'de',
        accept: 'application/json',
        connection: 'keep-alive, accept-language',
        'proxy-authorization': 'Basic eA==',
      };
      const answer = await am.call(bridge, token, { path: '/api/chirp/entries?since=2026-01-01', headers });
      expect(answer.status).toBe(200);
      const last = chirp.calls.at(-1);
      expect(last).toMatchObject({ method: 'GET', target: '/entries?since=2026-01-01' });
      expect(last?.authorization).toMatch(/^Bearer stand-in-access-/);
      expect(Object.keys(last?.headers ?? {}).toSorted()).toEqual([
        'accept',
        'accept-encoding',
        'accept-language',
        'authorization',
        'connection',
        'host',
        'traceparent',
        'user-agent',
      ]);
      expect(JSON.stringify(last)).not.toContain(token);
    });

    test.each([
      ['a path with dots', '/api/chirp/entries/../me'],
      ['encoded dots', '/api/chirp/entries/%2e%2e/me'],
      ['an encoded slash', '/api/chirp/entries%2Fe1'],
      ['two slashes', '/api/chirp//entries'],
      ['a semicolon', '/api/chirp/entries;x=1'],
      ['a parameter that does not pass', '/api/chirp/entries?private_token=x'],
      ['a parameter twice', '/api/chirp/entries?since=1&since=2'],
      ['another method in a parameter', '/api/chirp/entries?_method=DELETE'],
      ['the absolute form', 'http://evil.example/api/chirp/entries'],
    ])('is nothing, for %s', async (_what, path) => {
      const before = called();
      expect((await am.call(bridge, token, { path, htu: '/api/chirp/entries' })).status).toBe(400);
      expect(called()).toBe(before);
    });

    test.each([
      ['a path of no scope', 'GET', '/api/chirp/me'],
      ['a method of no scope', 'DELETE', '/api/chirp/entries'],
      ['a service that nobody has', 'GET', '/api/other/entries'],
    ])('is nothing, for %s', async (_what, method, path) => {
      const before = called();
      expect((await am.call(bridge, token, { method, path, htu: '/api/chirp/entries' })).status).toBe(404);
      expect(called()).toBe(before);
    });

    test.each(['x-http-method-override', 'X-HTTP-Method', 'x-method-override'])(
      'is nothing, for a method in %s',
      async (name) => {
        const before = called();
        const answer = await am.call(bridge, token, { path: '/api/chirp/entries', headers: { [name]: 'DELETE' } });
        expect([answer.status, called()]).toEqual([400, before]);
      },
    );

    test('is nothing, for a header twice, a body where there is none, and a body of another type', async () => {
      const before = called();
      const twice = await am.call(bridge, token, {
        path: '/api/chirp/entries',
        headers: { 'if-none-match': ['"1"', '"2"'] },
      });
      expect(twice.status).toBe(400);
      expect((await am.call(bridge, token, { path: '/api/chirp/entries', body: '{}' })).status).toBe(400);
      const write = await am.token(bridge, link, 'chirp:entries.write');
      const post = (type: string, body = '{"text":"x"}') =>
        am.call(bridge, write, {
          method: 'POST',
          path: '/api/chirp/entries',
          body,
          headers: { 'content-type': type },
        });
      expect((await post('application/x-www-form-urlencoded', '_method=DELETE')).status).toBe(415);
      expect((await post('application/json; charset=utf-16')).status).toBe(415);
      expect((await post('application/json', 'x'.repeat(1_048_577))).status).toBe(413);
      expect(called()).toBe(before);
      expect((await post('application/json; charset=utf-8')).status).toBe(201);
    });

    test('is nothing, without a proof, with a proof used before, and with a token of the link', async () => {
      const before = called();
      const path = '/api/chirp/entries';
      const proof = await am.proof(bridge, token, 'GET', path);
      const headers = { authorization: `DPoP ${token}`, dpop: proof };
      expect((await send(bridge.port, { path, headers })).status).toBe(200);
      expect((await send(bridge.port, { path, headers })).status).toBe(401);
      expect((await send(bridge.port, { path, headers: { authorization: `DPoP ${token}` } })).status).toBe(401);
      expect((await send(bridge.port, { path, headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
      expect((await am.call(bridge, link.accessToken, { path })).status).toBe(401);
      expect(called()).toBe(before + 1);
    });
  });
}
