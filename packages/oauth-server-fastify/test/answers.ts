import { once } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { call, identification, type Party, registered } from './clients.ts';
import { authorizePath, Browser, connected, pushed } from './flow.ts';
import { type Answer, encodeForm, postForm, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

export const FORM_ENDPOINTS = ['/token', '/par', '/revoke', '/introspect'];
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** RFC 6749 §5.2, never the framework's own shape. */
export function expectOAuthError(answer: Answer, status: number, error: string): void {
  expect(answer).toMatchObject({
    status,
    headers: { 'cache-control': 'no-store', 'content-type': expect.stringMatching(/^application\/json/) },
    json: { error, error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) },
  });
  const { error: _, error_description: __, ...rest } = answer.json;
  expect(rest).toEqual({});
}

/** What every answer has in common. */
export function answers(rigOf: () => Rig): void {
  let rig: Rig;
  let party: Party;
  beforeAll(async () => {
    rig = rigOf();
    party = await registered(rig);
  });
  const post = (path: string, body: string | Buffer, headers: Record<string, string> = FORM): Promise<Answer> =>
    send(rig.am.ports[0], { method: 'POST', path, headers, body });

  describe('every answer', () => {
    test('T12 another method is 405 and names those there are', async () => {
      const endpoints: [string, string][] = [
        ...FORM_ENDPOINTS.map((path): [string, string] => [path, 'POST']),
        ['/register', 'POST'],
        [`/register/${party.id}`, 'GET, DELETE'],
        ['/authorize', 'GET, POST'],
        ['/.well-known/oauth-authorization-server', 'GET'],
      ];
      for (const [path, allow] of endpoints) {
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
          if (allow.split(', ').includes(method) || (method === 'HEAD' && allow.includes('GET'))) continue;
          const answer = await send(rig.am.ports[0], {
            method,
            path,
            headers: FORM,
            body: method === 'HEAD' ? undefined : 'a=b',
          } as Parameters<typeof send>[1]);
          expect(answer).toMatchObject({ status: 405, headers: { allow, 'cache-control': 'no-store' } });
          if (method !== 'HEAD' && path !== '/authorize') expectOAuthError(answer, 405, 'invalid_request');
        }
      }
    });

    test('T12 a body that is no form is 415', async () => {
      for (const path of [...FORM_ENDPOINTS, '/authorize']) {
        for (const type of [
          'application/json',
          'text/plain',
          'multipart/form-data; boundary=x',
          'application/x-www-form-urlencoded2',
          'x',
          '',
        ]) {
          const answer = await post(path, '{"grant_type":"x"}', type === '' ? {} : { 'content-type': type });
          expect(answer.status).toBe(415);
          if (path !== '/authorize') expectOAuthError(answer, 415, 'invalid_request');
        }
        expect((await send(rig.am.ports[0], { method: 'POST', path })).status).toBe(415);
      }
    });

    test('two fields that say who asks, of whom or how to read it are 400: nobody takes just one of them', async () => {
      const good = encodeForm({ client_id: party.id, grant_type: 'refresh_token', refresh_token: 'x', token: 'x' });
      const one = `/register/${party.id}`;
      const bearer = `Bearer ${party.registrationToken}`;
      for (const [method, path] of [
        ...FORM_ENDPOINTS.map((path) => ['POST', path] as const),
        ['POST', '/authorize'] as const,
        ['GET', one] as const,
        ['DELETE', one] as const,
      ])
        for (const twice of [
          { authorization: [bearer, bearer] },
          { authorization: ['Basic eDp5', bearer] },
          { host: ['am.example', 'evil.example'] },
          { host: ['am.example', 'am.example'] },
          { 'content-type': [FORM['content-type'], 'text/plain'] },
        ]) {
          const headers = { ...FORM, ...twice };
          const answer = await send(rig.am.ports[0], {
            method,
            path,
            headers,
            ...(method === 'POST' && { body: good }),
          });
          expect([method, path, twice, answer.status]).toEqual([method, path, twice, 400]);
          if (path !== '/authorize') expectOAuthError(answer, 400, 'invalid_request');
        }
      const still = await send(rig.am.ports[0], { path: one, headers: { authorization: bearer } });
      expect(still.status).toBe(200);
    });

    test('a compressed body is 415 and says that none is taken; identity is none', async () => {
      const good = encodeForm({ client_id: party.id, token: 'x' });
      for (const path of [...FORM_ENDPOINTS, '/register'])
        for (const coding of ['gzip', 'x-gzip', 'br', 'identity, gzip', 'unknown']) {
          const headers = { ...FORM, 'content-encoding': coding };
          const answer = await post(path, gzipSync(good), headers);
          expectOAuthError(answer, 415, 'invalid_request');
          expect(answer.headers['accept-encoding']).toBe('identity');
        }
      expect((await post('/revoke', good, { ...FORM, 'content-encoding': 'Identity' })).status).toBe(200);
    });

    test('T14 bytes that are no text never reach a look-up', async () => {
      const good = encodeForm({ client_id: party.id, grant_type: 'refresh_token', refresh_token: 'x', token: 'x' });
      for (const path of FORM_ENDPOINTS) {
        for (const bad of ['x=%ff', 'x=%zz', 'x=%', 'x=%00', 'x=%ED%A0%80', '%00=x', 'token_type_hint=%00']) {
          expectOAuthError(await post(path, `${good}&${bad}`), 400, 'invalid_request');
        }
        for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x00], [0xef, 0xbf, 0xbd]]) {
          expectOAuthError(
            await post(path, Buffer.concat([Buffer.from(`${good}&x=`), Uint8Array.from(bytes)])),
            400,
            'invalid_request',
          );
        }
      }
      for (const client_id of ['a\u0001b', 'ü', '😀', 'x'.repeat(3000)]) {
        const answer = await postForm(rig.am.ports[0], '/token', { client_id, grant_type: 'refresh_token' });
        expect([400, 401]).toContain(answer.status);
      }
    });

    test('Q2 Q3 a body without bounds is refused: 64 KB, so many parameters, each once', async () => {
      for (const path of FORM_ENDPOINTS) {
        expectOAuthError(await post(path, 'a'.repeat(70_000)), 413, 'invalid_request');
        expectOAuthError(await post(path, 'a&'.repeat(20_000)), 400, 'invalid_request');
        expectOAuthError(await post(path, 'a=1&a=1'), 400, 'invalid_request');
        expectOAuthError(await post(path, 'client_id[]=x&client_id=y&client_id=z'), 400, 'invalid_request');
      }
    });

    test('T15 tokens and refusals are never kept by a cache', async () => {
      const relationship = await connected(rig, rig.am, { party });
      const form = { grant_type: 'refresh_token', refresh_token: relationship.refreshToken };
      for (const answer of [
        await call(rig, rig.am, { party, form }),
        await call(rig, rig.am, { party, form: { grant_type: 'x' } }),
      ]) {
        expect(answer.headers['cache-control']).toBe('no-store');
      }
      const page = await new Browser(rig.am).get(
        authorizePath({ client_id: party.id, request_uri: await pushed(rig, rig.am, { party }) }),
      );
      expect(page.headers['cache-control']).toBe('no-store');
    });

    test('A16 nothing a stranger sends comes back in a JSON answer', async () => {
      const marker = '<script>alert(1)</script>';
      const names = [
        'client_id',
        'grant_type',
        'code',
        'refresh_token',
        'scope',
        'redirect_uri',
        'response_type',
        'token',
        'token_type_hint',
        'state',
        'client_assertion',
        'client_assertion_type',
        marker,
      ];
      for (const path of FORM_ENDPOINTS) {
        for (const name of names) {
          const identified = name === 'client_assertion' ? {} : await identification(rig, rig.am, party);
          const answer = await postForm(rig.am.ports[0], path, {
            grant_type: 'refresh_token',
            ...identified,
            [name]: marker,
          });
          expect(answer.text).not.toContain('<script');
          expect(answer.status).toBeLessThan(500);
        }
        expect((await post(path, `${marker}=1&${marker}=2`)).text).not.toContain('<script');
      }
    });

    test('a connection that is kept alive for many requests gathers nothing with each', async () => {
      const [server] = rig.am.servers;
      const socket = once(server, 'connection') as Promise<[Socket]>;
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const body = encodeForm({ client_id: party.id, grant_type: 'x' });
      const request = (): Promise<Answer> =>
        send(rig.am.ports[0], { method: 'POST', path: '/token', headers: FORM, body, agent });
      await request();
      const [connection] = await socket;
      const before = connection.listenerCount('close');
      for (let i = 0; i < 10; i += 1) await request();
      expect(connection.destroyed).toBe(false);
      expect(connection.listenerCount('close')).toBe(before);
      agent.destroy();
    });
  });
}
