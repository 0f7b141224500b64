import type http from 'node:http';
import { gzipSync } from 'node:zlib';
import { eventually } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { originOf } from '../support/test-bridge.ts';
import { am, bridge, called, chirp, token, callWhile } from './scene.ts';

/** What leaves of its answers. */
export function answers(): void {
  describe('what leaves', () => {
    test('is the answer, with the headers that may, and never cookies', async () => {
      const answer = await callWhile((_request, response) => {
        response.writeHead(200, {
          'content-type': 'text/html',
          'set-cookie': 'a=b',
          'clear-site-data': '"*"',
          'alt-svc': 'h2="evil.example:443"',
          'access-control-allow-origin': '*',
          'strict-transport-security': 'max-age=1',
          etag: '"7"',
          'x-ratelimit-remaining': '12',
          link: [
            `<${originOf('chirp', chirp.port)}/entries?since=2>; rel="next"`,
            `<${originOf('chirp', chirp.port)}/entries?access_token=x>; rel="prev"`,
            `<${originOf('chirp', chirp.port)}/me>; rel="author"`,
            `<${originOf('chirp', chirp.port)}/entries/../me>; rel="up"`,
            '<https://elsewhere.example/signed>; rel="last"',
          ].join(', '),
        });
        response.end('<script>alert(1)</script>');
      });
      expect([answer.status, answer.text]).toEqual([200, '<script>alert(1)</script>']);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html',
        etag: '"7"',
        'x-ratelimit-remaining': '12',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        link: `<${bridge.issuer}/api/chirp/entries?since=2>; rel="next"`,
      });
      expect(answer.headers['content-security-policy']).toContain('sandbox');
      for (const name of ['set-cookie', 'clear-site-data', 'alt-svc', 'access-control-allow-origin'])
        expect(answer.headers).not.toHaveProperty(name);
      expect(answer.headers['strict-transport-security']).not.toBe('max-age=1');
    });

    test.each([301, 302, 307, 308])(
      'is no redirect: a %s to elsewhere, to a signed address or to us is 502, and is not followed',
      async (status) => {
        for (const location of [
          'https://evil.example/',
          'https://storage.example/x?signature=y',
          `${bridge.issuer}/services`,
          '/entries',
        ]) {
          const before = called();
          const answer = await callWhile((_request, response) =>
            response.writeHead(status, { location }).end('see there'),
          );
          expect([answer.status, answer.headers['location'], answer.text.includes('signature')]).toEqual([
            502,
            undefined,
            false,
          ]);
          expect(called()).toBe(before + 1);
        }
      },
    );

    test.each([
      ['in its body', (secret: string, response: http.ServerResponse) => response.end(`{"token": "${secret}"}`)],
      [
        'in a header',
        (secret: string, response: http.ServerResponse) => response.writeHead(200, { etag: `"${secret}"` }).end('{}'),
      ],
      [
        'in a URL',
        (secret: string, response: http.ServerResponse) =>
          response.end(`https://chirp.example/?access_token=${encodeURIComponent(secret)}`),
      ],
      [
        'in an error',
        (secret: string, response: http.ServerResponse) => response.writeHead(400).end(`bad token ${secret}`),
      ],
    ])('is never the service’s credential, echoed %s', async (_where, echo) => {
      const seen = await callWhile((request, response) => {
        echo((request.headers.authorization ?? '').slice('Bearer '.length), response);
      }).catch((error: Error) => error);
      const text = seen instanceof Error ? '' : `${seen.text}${JSON.stringify(seen.headers)}`;
      expect(text).not.toContain('stand-in-access');
      await eventually(() => bridge.log().includes('secret_in_answer'));
    });

    test('is no archive that unpacks to more than it is', async () => {
      const bomb = gzipSync(Buffer.alloc(10_000_000));
      const answer = await callWhile((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      });
      expect([answer.status, answer.bytes.length < 1000]).toEqual([502, true]);
    });

    test('is nothing of an answer with headers beyond measure', async () => {
      const answer = await callWhile((_request, response) => {
        response.writeHead(200, { 'x-big': 'a'.repeat(10_000_000) }).end('{}');
      });
      expect(answer.status).toBe(502);
    });

    test('ends where an answer is larger than may be', async () => {
      const outcome = await callWhile((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/octet-stream' });
        for (let megabyte = 0; megabyte < 4; megabyte++) response.write(Buffer.alloc(1_048_576, 'x'));
        response.end();
      }).catch((error: NodeJS.ErrnoException) => error);
      expect(outcome).toBeInstanceOf(Error);
    });

    test('is 429 with the service’s own Retry-After, an error of its own as it is, 503 when it is down', async () => {
      const busy = await callWhile((_request, response) =>
        response.writeHead(429, { 'retry-after': '17' }).end('{"slow":true}'),
      );
      expect([busy.status, busy.headers['retry-after'], busy.json]).toEqual([429, '17', { slow: true }]);
      expect((await callWhile((_request, response) => response.writeHead(500).end('{"oops":1}'))).json).toEqual({
        oops: 1,
      });
      const gone = await callWhile((request) => void request.socket.destroy());
      expect([gone.status, gone.json['error']]).toEqual([503, 'temporarily_unavailable']);
    });

    test('is 502 where the service refuses this one request, and costs no refresh and no connection', async () => {
      const before = chirp.tokenRequests.length;
      const answer = await callWhile((_request, response) => response.writeHead(401).end('{}'));
      expect([answer.status, chirp.tokenRequests.length]).toEqual([502, before]);
      expect((await am.call(bridge, token, { path: '/api/chirp/entries' })).status).toBe(200);
    });
  });
}
