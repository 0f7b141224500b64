import { describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

const ORIGIN = 'https://inspector.example';
const EXPOSED = 'WWW-Authenticate, DPoP-Nonce, Retry-After';

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
          'access-control-allow-headers': 'Authorization, Content-Type, DPoP, MCP-Protocol-Version',
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

    test('OPTIONS that ask for nothing are refused as before', async () => {
      const answer = await send(rigOf().am.ports[0], { method: 'OPTIONS', path: '/token' });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    });
  });
}
