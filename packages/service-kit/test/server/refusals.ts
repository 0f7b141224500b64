import net from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Problem } from '@chatelaine/ui';
import { send } from '@chatelaine/test-kit';
import { service, browser, restart, JSON_TYPE, HTML } from './scene.ts';

/**
 * Writes to a socket, each chunk after the first when something has come back, and reads until the server closes it.
 */
function raw(...chunks: string[]): Promise<{ text: string }> {
  return new Promise((resolve, reject) => {
    let text: string | undefined;
    const socket = net.connect(Number(new URL(service.origin).port), '127.0.0.1', () => (text = ''));
    const writeNext = (): void => {
      const next = chunks.shift();
      if (next !== undefined) socket.write(next);
    };
    socket.on('data', (chunk) => {
      text += chunk.toString();
      writeNext();
    });
    // a server that closes before it has read everything resets the connection, whatever it has answered
    socket.on('error', () => undefined);
    socket.on('close', () => (text === undefined ? reject(new Error('There was no connection.')) : resolve({ text })));
    writeNext();
  });
}

export function refusals(): void {
  describe('refusals', () => {
    test('an unknown URL is answered with an OAuth error to programs and with a page to browsers', async () => {
      const json = await browser.get('/nowhere?secret=1');
      expect([json.status, json.json, json.headers['cache-control']]).toEqual([
        404,
        { error: 'invalid_request', error_description: 'There is nothing at this address.' },
        'no-store',
      ]);
      const page = await browser.get('/nowhere', HTML);
      expect([page.status, page.headers['content-type'], page.headers['cache-control']]).toEqual([
        404,
        'text/html; charset=utf-8',
        'no-store',
      ]);
      expect(page.text).toContain('Nothing here');
    });

    test.each([
      ['GET', '/api/rooms', 'POST'],
      ['DELETE', '/api/rooms', 'POST'],
      ['POST', '/api/rooms/7', 'GET, HEAD'],
      ['PUT', '/healthz', 'GET, HEAD'],
    ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
      const answer = await send(browser.port, { path, method });
      expect([answer.status, answer.headers.allow, answer.json['error']]).toEqual([405, allow, 'invalid_request']);
    });

    test.each([
      ['broken JSON', '{"a":', 400],
      ['a member given twice', '{"a":1,"a":2}', 400],
      ['__proto__', '{"__proto__":{"a":1}}', 400],
      ['JSON without end of depth', '['.repeat(50_000), 400],
      ['a body over 64 KB', `"${'x'.repeat(70_000)}"`, 413],
    ])('%s is refused OAuth-shaped', async (_what, body, status) => {
      const answer = await browser.post('/api/rooms', body, JSON_TYPE);
      expect([answer.status, answer.json['error'], answer.headers['cache-control']]).toEqual([
        status,
        'invalid_request',
        'no-store',
      ]);
    });

    test('an unknown media type is 415', async () => {
      const answer = await browser.post('/api/rooms', '<a/>', { 'content-type': 'text/xml' });
      expect([answer.status, answer.json['error']]).toEqual([415, 'invalid_request']);
    });

    test('two Authorization, Host or Content-Type fields are 400 everywhere: no proxy can mean the other', async () => {
      const twice = [
        { host: ['a.example', 'b.example'] },
        { authorization: ['Bearer a', 'Bearer a'] },
        { 'content-type': ['application/json', 'text/plain'] },
      ];
      for (const path of ['/', '/sign-in', '/healthz', '/nowhere', '/api/rooms'])
        for (const headers of twice) {
          const answer = await send(browser.port, { path, headers });
          expect([path, headers, answer.status]).toEqual([path, headers, 400]);
        }
      const answer = await send(browser.port, {
        method: 'POST',
        path: '/api/rooms',
        headers: { ...twice[0], ...JSON_TYPE },
      });
      expect([answer.json['error'], answer.headers['cache-control']]).toEqual(['invalid_request', 'no-store']);
    });

    test('a compressed body is 415, with the encodings that are accepted', async () => {
      for (const path of ['/api/rooms', '/rooms']) {
        const answer = await browser.post(path, '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' });
        expect([path, answer.status, answer.headers['accept-encoding']]).toEqual([path, 415, 'identity']);
      }
    });

    test('an invalid URL is a 400 in the form of OAuth', async () => {
      const answer = await browser.get('/%zz');
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    });

    test('headers over 16 KB are 431, and what is not HTTP is 400; both are closed', async () => {
      const large = await raw(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`);
      expect(large.text).toMatch(/^HTTP\/1\.1 431 .*"error":"invalid_request"/s);
      expect((await raw('hello\r\n\r\n')).text).toMatch(/^HTTP\/1\.1 400 /);
      const smuggled = await raw(
        'POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      );
      expect(smuggled.text).toMatch(/^HTTP\/1\.1 400 /);
    });

    test('a bug of ours is a 500 without detail, and is logged in full under the same id', async () => {
      await restart({
        routes: async (app) => {
          app.get('/broken', async () => {
            throw Object.assign(new TypeError('inner detail'), { statusCode: 400 });
          });
        },
      });
      const answer = await browser.get('/broken');
      expect([answer.status, answer.json['error']]).toEqual([500, 'server_error']);
      expect(answer.text).not.toContain('inner detail');
      const line = service.log.find(({ msg }) => msg === 'unexpected error');
      expect(line).toMatchObject({
        err: { message: 'inner detail', stack: expect.stringContaining('server/refusals') },
        reqId: expect.any(String),
      });
    });

    test('a Problem is answered with its sentence and Retry-After', async () => {
      await restart({
        routes: async (app) => {
          app.get('/busy', async () => {
            throw new Problem(429, 'Wait a little.', { retryAfter: 1.2 });
          });
        },
      });
      const answer = await browser.get('/busy');
      expect([answer.status, answer.headers['retry-after'], answer.json]).toEqual([
        429,
        '2',
        { error: 'temporarily_unavailable', error_description: 'Wait a little.' },
      ]);
    });
  });

  describe('a body that ends early', () => {
    test('is refused so that programs in pages of allowed origins can read it', async () => {
      service.app.server.prependListener('request', (_, answer) => {
        answer.setHeader('access-control-allow-origin', '*');
      });
      const head = 'POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
      const { text } = await raw(`${head}Transfer-Encoding: chunked\r\n\r\nno length\r\n`);
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
      expect(text).toContain('\r\naccess-control-allow-origin: *\r\n');
      // the route of what follows an answer is unknown
      const then = await raw('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', 'not HTTP\r\n\r\n');
      expect(then.text).toContain('HTTP/1.1 400 ');
      expect(then.text.slice(then.text.indexOf('HTTP/1.1 400 '))).not.toContain('access-control');
    });
  });

  describe('slow clients', () => {
    // the third is long, so that it is not what closes them
    const timeouts = { request: 400, headers: 300, connection: 600_000 };

    test('headers that never end are closed', async () => {
      await restart({ timeouts });
      const { text } = await raw('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      expect(text === '' || text.startsWith('HTTP/1.1 408 ')).toBe(true);
    });

    test('a half-sent body is closed', async () => {
      await restart({ timeouts });
      const { text } = await raw(
        'POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":',
      );
      expect(text === '' || text.startsWith('HTTP/1.1 408 ')).toBe(true);
    });

    test('many of them do not keep others waiting', async () => {
      await restart({ timeouts });
      const slow = Array.from({ length: 100 }, () => raw('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '));
      expect((await browser.get('/healthz')).status).toBe(200);
      const closed = await Promise.all(slow);
      expect(closed).toHaveLength(100);
    });
  });
}
