import http, { type IncomingHttpHeaders } from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { drain, Problem } from '../src/index.ts';
import { Browser, eventually, send } from '@chatelaine/test-kit';
import { startService, type TestService, type TestServiceOptions } from './support/service.tsx';

let service: TestService;
let browser: Browser;

async function start(options: TestServiceOptions = {}): Promise<void> {
  service = await startService(options);
  browser = new Browser(service.origin);
}
beforeEach(() => start());
afterEach(() => service.app.close());

async function restart(options: TestServiceOptions): Promise<void> {
  await service.app.close();
  await start(options);
}

/** Writes to a socket, each chunk after the first when something has come back, and reads until the server closes it. */
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

const JSON_TYPE = { 'content-type': 'application/json' };
const HTML = { accept: 'text/html,application/xhtml+xml' };

describe('answers to what cannot be served', () => {
  test('an unknown address is OAuth-shaped JSON for programs and a page for browsers', async () => {
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

  test('a media type we do not read is 415', async () => {
    const answer = await browser.post('/api/rooms', '<a/>', { 'content-type': 'text/xml' });
    expect([answer.status, answer.json['error']]).toEqual([415, 'invalid_request']);
  });

  test('two Authorization, Host or Content-Type fields are 400 everywhere: nobody takes the first while a proxy means the last', async () => {
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

  test('a compressed body is 415 and says that none is taken', async () => {
    for (const path of ['/api/rooms', '/rooms']) {
      const answer = await browser.post(path, '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' });
      expect([path, answer.status, answer.headers['accept-encoding']]).toEqual([path, 415, 'identity']);
    }
  });

  test('an address that is not valid is 400, OAuth-shaped', async () => {
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

  test('a mistake of ours is a 500 without detail; the log has all of it under the same id', async () => {
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
      err: { message: 'inner detail', stack: expect.stringContaining('server.test') },
      reqId: expect.any(String),
    });
  });

  test('a Problem tells its sentence and when to come back', async () => {
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

describe('a body that breaks off', () => {
  test('is refused so that programs in other pages can read it, where they may call', async () => {
    service.app.server.prependListener('request', (_, answer) => {
      answer.setHeader('access-control-allow-origin', '*');
    });
    const head = 'POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const { text } = await raw(`${head}Transfer-Encoding: chunked\r\n\r\nno length\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('\r\naccess-control-allow-origin: *\r\n');
    // of what comes after an answer nobody knows where it was to go
    const then = await raw('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', 'not HTTP\r\n\r\n');
    expect(then.text).toContain('HTTP/1.1 400 ');
    expect(then.text.slice(then.text.indexOf('HTTP/1.1 400 '))).not.toContain('access-control');
  });
});

describe('slow clients', () => {
  // the third is not to be what closes them here
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

describe('security headers', () => {
  const KEPT =
    /^(content-security-policy|referrer-policy|x-content-type-options|x-frame-options|cross-origin-.*|strict-transport-security|permissions-policy)$/;
  const kept = (headers: IncomingHttpHeaders) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.test(name)));

  test('are on every answer', async () => {
    const answers = await Promise.all(
      ['/healthz', '/nowhere', '/style.css', '/api/rooms/7'].map((path) => browser.get(path, HTML)),
    );
    for (const { headers } of answers) {
      expect(kept(headers)).toEqual({
        'content-security-policy':
          "default-src 'none';style-src 'self';img-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
  });

  test('HSTS is sent only where the issuer is https', async () => {
    await restart({ issuer: 'https://inn.example' });
    expect((await browser.get('/healthz')).headers['strict-transport-security']).toBe('max-age=31536000');
  });

  test('the stylesheet is found where pages say, and there is no script anywhere', async () => {
    const page = await browser.get('/nowhere', HTML);
    const href = /<link rel="stylesheet" href="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect((await browser.get(href)).headers['content-type']).toBe('text/css; charset=utf-8');
    expect(page.text).not.toMatch(/<script|style=|onclick/);
  });
});

describe('the log', () => {
  test('has a line per request with the path, and neither query, body, header nor cookie', async () => {
    await browser.post('/api/rooms?code=canary1', '{"a":"canary2"}', {
      ...JSON_TYPE,
      authorization: 'DPoP canary3',
      cookie: 'a=canary4',
    });
    await browser.get('/canary-path?state=canary5', { 'user-agent': 'canary6' });
    const text = JSON.stringify(service.log);
    expect(text).toContain('"path":"/api/rooms"');
    expect(text).not.toMatch(/canary\d/);
  });

  test('says nothing of the values a database error quotes', async () => {
    await restart({
      routes: async (app) => {
        app.get('/db', async () => {
          throw Object.assign(new Error('invalid input syntax for type uuid: "canary1"'), {
            code: '22P02',
            detail: 'canary2',
            where: 'canary3',
          });
        });
        app.get('/careless', async (request) => {
          request.log.info({ token: 'canary4', it: { password: 'canary5' } }, 'careless');
          return {};
        });
      },
    });
    expect((await browser.get('/db')).status).toBe(500);
    await browser.get('/careless');
    expect(JSON.stringify(service.log)).not.toMatch(/canary\d/);
    expect(JSON.stringify(service.log)).toContain('22P02');
  });
});

describe('coming and going', () => {
  test('/readyz names what is missing, and says so when it is there again', async () => {
    let works = false;
    await restart({
      readyEverySeconds: 0.01,
      ready: {
        kitchen: async () => (works ? undefined : Promise.reject(new Error('cold'))),
        roof: async () => undefined,
      },
    });
    const missing = await browser.get('/readyz');
    expect([missing.status, missing.json]).toEqual([503, { status: 'not ready', waiting_for: ['kitchen'] }]);
    works = true;
    await eventually(async () => (await browser.get('/readyz')).status === 200);
    works = false;
    await eventually(async () => (await browser.get('/readyz')).status === 503);
    // a line for each change, not for each look
    expect(service.log.filter(({ msg }) => msg === 'not ready')).toHaveLength(2);
  });

  test('/readyz does no work for whoever asks: it is what the last look found, however often it is asked', async () => {
    let looks = 0;
    await restart({ readyEverySeconds: 3_600, ready: { kitchen: async () => (looks += 1) } });
    const answers = await Promise.all(Array.from({ length: 100 }, () => browser.get('/readyz')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(looks).toBe(1);
  });

  test('draining: not ready first, then requests in flight are finished and new connections refused', async () => {
    let arrive = () => undefined as void;
    let leave = () => undefined as void;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const gate = new Promise<void>((resolve) => (leave = resolve));
    let closed = false;
    await restart({
      routes: async (app) => {
        app.addHook('onClose', async () => void (closed = true));
        app.get('/slow', async () => {
          arrive();
          await gate;
          return { ok: true };
        });
      },
    });
    const agent = new http.Agent({ keepAlive: true });
    const slow = send(browser.port, { path: '/slow', agent });
    await arrived;
    const drained = drain(service.app, { noticeMs: 1_000 });
    const readyz = await browser.get('/readyz');
    expect([readyz.status, readyz.json]).toEqual([503, { status: 'draining' }]);
    await refused();
    expect(closed).toBe(false);
    leave();
    const last = await slow;
    // else a kept-alive connection would hold up the end until the grace is over
    expect([last.status, last.headers['connection']]).toEqual([200, 'close']);
    await drained;
    expect(closed).toBe(true);
  });

  test('draining does not wait longer than its grace', async () => {
    let arrive = () => undefined as void;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    await restart({
      routes: async (app) => {
        app.get('/never', () => {
          arrive();
          return new Promise(() => undefined);
        });
      },
    });
    const never = browser.get('/never').catch(() => 'cut');
    await arrived;
    await drain(service.app, { graceMs: 100 });
    expect(await never).toBe('cut');
  });
});

/** Resolves once the server takes no new connections. */
async function refused(): Promise<void> {
  const port = Number(new URL(service.origin).port);
  await eventually(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(false)).on('error', () => resolve(true));
        socket.on('connect', () => socket.destroy());
      }),
  );
}
