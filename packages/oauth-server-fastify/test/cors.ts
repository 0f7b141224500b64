import { describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
import { fastify } from 'fastify';
import type { AddressInfo } from 'node:net';
import { oauthScope, refuseOtherMethods } from '../src/index.ts';
import type { Rig } from './rig.ts';

const ORIGIN = 'https://inspector.example';
const EXPOSED = 'WWW-Authenticate, DPoP-Nonce, Retry-After';

const READABLE = ['access-control-allow-origin', 'access-control-expose-headers'];

/** Clients that run in a page of somebody else's. Fetch §3.2. */
export function crossOrigin(rigOf: () => Rig): void {
  describe('a program in a page of another origin', () => {
    const preflight = (port: number, path: string, method = 'POST') =>
      send(port, {
        method: 'OPTIONS',
        path,
        headers: { origin: ORIGIN, 'access-control-request-method': method, 'access-control-request-headers': 'dpop' },
      });
    const corsOf = ({ headers }: Awaited<ReturnType<typeof send>>) =>
      Object.keys(headers).filter((name) => name.startsWith('access-control-'));

    test('may call every endpoint that programs call, and read what it answers, refusals included', async () => {
      const { am, host } = rigOf();
      const paths = ['/token', '/par', '/revoke', '/introspect'];
      for (const [side, path] of [
        ...paths.map((path) => [am, path] as const),
        [am, '/register'],
        [host, '/token'],
      ] as const) {
        const asked = await preflight(side.ports[0], path);
        expect([path, asked.status, asked.text]).toEqual([path, 204, '']);
        expect(asked.headers).toMatchObject({
          'access-control-allow-origin': '*',
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers':
            'Authorization, Content-Type, DPoP, Mcp-Protocol-Version, ' +
            'Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID',
        });
        const refused = await send(side.ports[0], { method: 'POST', path, headers: { origin: ORIGIN } });
        expect(refused.status).toBeGreaterThanOrEqual(400);
        expect(refused.headers).toMatchObject({
          'access-control-allow-origin': '*',
          'access-control-expose-headers': EXPOSED,
        });
      }
      const read = await send(am.ports[0], {
        path: '/.well-known/oauth-authorization-server',
        headers: { origin: ORIGIN },
      });
      expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, '*']);
      expect((await preflight(am.ports[0], '/register/x', 'DELETE')).headers['access-control-allow-methods']).toBe(
        'GET, DELETE',
      );
    });

    test('never brings cookies along, and never gets at a page', async () => {
      for (const { ports } of [rigOf().am, rigOf().host]) {
        const asked = [await preflight(ports[0], '/authorize', 'GET'), await preflight(ports[0], '/authorize')];
        const page = await send(ports[0], { path: '/authorize?client_id=x', headers: { origin: ORIGIN } });
        const posted = await send(ports[0], {
          method: 'POST',
          path: '/authorize',
          headers: { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
          body: 'request_uri=x',
        });
        expect(asked.map(({ status }) => status)).toEqual([405, 405]);
        for (const answer of [...asked, page, posted]) expect(corsOf(answer)).toEqual([]);
        const token = await preflight(ports[0], '/token');
        expect(corsOf(token)).not.toContain('access-control-allow-credentials');
      }
    });

    test('reads refusals that no route has made: unknown methods, overlong paths, unreadable bodies', async () => {
      const [port] = rigOf().am.ports;
      const form = { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' };
      const tries: [string, string, Partial<Parameters<typeof send>[1]>, number][] = [
        ['PROPFIND', '/token', {}, 404],
        ['GET', `/register/${'x'.repeat(200)}`, {}, 414],
        ['POST', '/token', { headers: form, body: `a=${'x'.repeat(70_000)}` }, 413],
        ['POST', '/token', { headers: form, body: 'a=1&a=2' }, 400],
        ['POST', '/token', { headers: { origin: ORIGIN, 'content-type': 'text/plain' }, body: 'x' }, 415],
        ['POST', '/register', { headers: { origin: ORIGIN, 'content-type': 'application/json' }, body: '{' }, 400],
        ['PUT', '/register/x', {}, 405],
      ];
      for (const [method, path, over, status] of tries) {
        const answer = await send(port, { method, path, headers: { origin: ORIGIN }, ...over });
        expect([method, path, answer.status, corsOf(answer)]).toEqual([method, path, status, READABLE]);
      }
      const nowhere = await send(port, { method: 'PROPFIND', path: '/authorize', headers: { origin: ORIGIN } });
      expect([nowhere.status, corsOf(nowhere)]).toEqual([404, []]);
    });

    test('reads what an app’s own hook refuses before, at these paths only', async () => {
      const app = fastify();
      app.addHook('onRequest', async () => {
        throw Object.assign(new Error('Not now.'), { statusCode: 429 });
      });
      app.get('/things/page', async () => 'a page');
      await app.register(async (scope) => {
        await oauthScope(scope);
        scope.get('/things', async () => ({}));
        scope.get('/things/:id/parts', async () => ({}));
        for (const path of ['/things', '/things/:id/parts']) refuseOtherMethods(scope, path, ['GET']);
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      try {
        const { port } = app.server.address() as AddressInfo;
        const asked = async (path: string) => {
          const answer = await send(port, { path, headers: { origin: ORIGIN } });
          return [answer.status, corsOf(answer)];
        };
        for (const path of ['/things', '/things?q=%zz', '/%74hings', '/things/1/parts', '/things/%zz/parts'])
          expect([path, await asked(path)]).toEqual([path, [path.startsWith('/things/%zz') ? 400 : 429, READABLE]]);
        for (const path of ['/things/page', '/things/', '/things//parts', '/things/1/parts/2', '/', '/Things'])
          expect([path, await asked(path)]).toEqual([path, [429, []]]);
      } finally {
        await app.close();
      }
    });

    test('OPTIONS that ask for nothing are refused as before', async () => {
      const answer = await send(rigOf().am.ports[0], { method: 'OPTIONS', path: '/token' });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    });
  });
}
