import { patience } from '@chatelaine/test-kit';
import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeAll, outboundTo, outboundWith, type Running, serve, serveRaw, urlOf } from './servers.ts';

afterEach(closeAll);

const CANARY = 'canary-7f3a';
const json = (body: string | Uint8Array, headers: Record<string, string> = {}): RequestListener => {
  return (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
};
const get = (server: Running, options: { timeoutSeconds?: number; maxBytes?: number; accept?: string } = {}) =>
  outboundTo([server.port]).fetchJson({ url: urlOf(server, '/.well-known/x'), ...options });

describe('a good document', () => {
  test('is answered with what it says and how long it says to keep it', async () => {
    const server = await serve(
      json('{"issuer":"https://x.example"}', { 'cache-control': 'public, max-age=600', age: '100' }),
    );
    expect(await get(server)).toMatchObject({
      kind: 'ok',
      status: 200,
      json: { issuer: 'https://x.example' },
      freshForSeconds: 500,
    });
  });

  test('is asked for plainly: GET, identity, JSON', async () => {
    const seen: unknown[] = [];
    const server = await serve((request, response) => {
      seen.push(request.method, request.url, request.headers['accept-encoding'], request.headers.accept);
      json('[]')(request, response);
    });
    const outbound = outboundTo([server.port]);
    expect(
      await outbound.fetchJson({ url: `${urlOf(server, '/a?b=c')}#fragment`, accept: 'application/jwk-set+json' }),
    ).toMatchObject({ kind: 'ok', json: [] });
    expect(seen).toEqual(['GET', '/a?b=c', 'identity', 'application/jwk-set+json']);
  });

  test.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/jwk-set+json',
    'application/client-metadata+json',
  ])('may be called %p', async (type) =>
    expect(await get(await serve(json('{}', { 'content-type': type })))).toMatchObject({ kind: 'ok' }),
  );

  test.each([
    ['no word', {}, 0],
    ['max-age', { 'cache-control': 'max-age=60' }, 60],
    ['quoted max-age', { 'cache-control': 'max-age="60"' }, 60],
    ['the first of two', { 'cache-control': 'max-age=60, max-age=9000' }, 60],
    ['age beyond it', { 'cache-control': 'max-age=60', age: '61' }, 0],
    ['no-store', { 'cache-control': 'max-age=60, no-store' }, 0],
    ['no-cache', { 'cache-control': 'No-Cache, max-age=60' }, 0],
    ['nonsense', { 'cache-control': 'max-age=-5', age: 'x' }, 0],
    ['a monstrous number', { 'cache-control': 'max-age=99999999999999999999' }, 0],
  ])('with %s in Cache-Control is fresh accordingly', async (_what, headers, expected) => {
    expect(await get(await serve(json('{}', headers as Record<string, string>)))).toMatchObject({
      kind: 'ok',
      freshForSeconds: expected,
    });
  });
});

describe('a redirect is not followed (M6)', () => {
  test.each([301, 302, 303, 307, 308, 300, 304])('%d', async (status) => {
    let hits = 0;
    const server = await serve((_request, response) => {
      hits += 1;
      response.writeHead(status, { location: `/${CANARY}`, 'content-type': 'application/json' }).end('{}');
    });
    expect(await get(server)).toEqual({
      kind: 'failed',
      reason: 'redirect',
      detail: `A redirect (${status}) is not followed.`,
    });
    expect(hits).toBe(1);
  });
});

test.each([201, 204, 206, 400, 401, 404, 429, 500, 503, 599])('status %d is no document', async (status) => {
  const server = await serve(
    (_request, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
  );
  expect(await get(server)).toMatchObject({ kind: 'failed', reason: 'bad_status' });
});

describe('what is not strictly JSON is refused (M12)', () => {
  test.each([
    'text/html',
    'text/plain',
    'application/octet-stream',
    'text/json',
    'application/jsonp',
    'application/json, text/html',
    'application/json; charset=iso-8859-1',
    'application/xml+jsonx',
    'application/json;x=y',
  ])('content type %p', async (type) =>
    expect(await get(await serve(json('{}', { 'content-type': type })))).toMatchObject({
      kind: 'failed',
      reason: 'bad_content_type',
    }),
  );

  test('no content type at all', async () => {
    const server = await serve((_request, response) => void response.writeHead(200).end('{}'));
    expect(await get(server)).toMatchObject({ reason: 'bad_content_type' });
  });

  test.each<[string, string | Uint8Array]>([
    ['HTML', `<!doctype html><p>${CANARY}`],
    ['nothing', ''],
    ['a byte order mark', '\uFEFF{}'],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong sequence', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['half a document', `{"a":"${CANARY}`],
    ['a comma too many', '{"a":1,}'],
    ['a comment', '{/* */}'],
    ['NaN', '{"a":NaN}'],
    ['two documents', '{}{}'],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
    ['10,000 levels', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['30,000 levels of objects', '{"a":'.repeat(12_000)],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__ in escapes', String.raw`{"a":[{"\u005f_proto__":1}]}`],
    ['constructor', '{"constructor":{"prototype":{}}}'],
    ['a repeated member', `{"issuer":"a","issuer":"${CANARY}"}`],
    ['a member repeated in other letters', String.raw`{"issuer":"a","\u0069ssuer":"b"}`],
    ['a repeated member deep inside', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
  ])('%s', async (_what, body) => {
    const result = await get(await serve(json(body)));
    expect(result).toMatchObject({ kind: 'failed', reason: 'bad_json' });
    expect(JSON.stringify(result)).not.toContain(CANARY);
  });

  test('32 levels, equal names in different objects, and names as values are fine', async () => {
    const body = `{"a":{"b":1},"b":{"b":"__proto__"},"c":["constructor","a","a"],"d":${'['.repeat(31)}${']'.repeat(31)}}`;
    expect(await get(await serve(json(body)))).toMatchObject({ kind: 'ok' });
  });

  test('64 KB of quotes without an end are refused in no time', async () => {
    const server = await serve(json(`{"${String.raw`\"`.repeat(32_000)}`));
    const before = process.cpuUsage();
    expect(await get(server)).toMatchObject({ reason: 'bad_json' });
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  });

  test('a compressed answer is not unpacked, however small it is', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'identity, gzip']) {
      const server = await serve(json(bomb, { 'content-encoding': encoding }));
      expect(await get(server)).toMatchObject({ kind: 'failed', reason: 'bad_content_type' });
    }
  });
});

describe('an answer has a size (M12)', () => {
  test('64 KB is read, one byte more is not', async () => {
    const sized = (size: number) => json(`"${'a'.repeat(size - 2)}"`);
    expect(await get(await serve(sized(65_536)))).toMatchObject({ kind: 'ok' });
    expect(await get(await serve(sized(65_537)))).toMatchObject({ kind: 'failed', reason: 'too_large' });
    expect(await get(await serve(sized(101)), { maxBytes: 100 })).toMatchObject({ reason: 'too_large' });
  });

  test('of a body of 100 MB next to nothing is taken, whether its length is announced or not', async () => {
    for (const headers of [{}, { 'content-length': String(100_000_000) }]) {
      const closed = Promise.withResolvers<number>();
      const server = await serve((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers });
        response.on('close', () => closed.resolve(response.socket?.bytesWritten ?? 0));
        pour(response, Buffer.alloc(65_536, 'a'), 1526);
      });
      const before = process.memoryUsage().rss;
      expect(await get(server)).toMatchObject({ kind: 'failed', reason: 'too_large' });
      // what the kernel's buffers on both sides take in before the connection closes
      expect(await closed.promise).toBeLessThan(16_000_000);
      expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
    }
  });

  test('a length announced beyond it is refused before the body comes', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '65537' }).flushHeaders();
    });
    expect(await get(server)).toMatchObject({ kind: 'failed', reason: 'too_large' });
  });

  test('a body nobody wants is not left running', async () => {
    const closed = Promise.withResolvers<void>();
    const server = await serve((_request, response) => {
      response.writeHead(404).write('a');
      response.on('close', () => closed.resolve());
    });
    // a deadline far away, so that it is not what ends it
    expect(await get(server, { timeoutSeconds: 600 })).toMatchObject({ kind: 'failed', reason: 'bad_status' });
    await closed.promise;
  });

  test('headers without end are refused', async () => {
    const server = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      pour(socket, Buffer.from(`x-${CANARY}: ${'a'.repeat(1000)}\r\n`), 100_000);
    });
    const result = await get(server);
    expect(result).toMatchObject({ kind: 'failed', reason: 'too_large' });
    expect(JSON.stringify(result)).not.toContain(CANARY);
  });
});

function pour(target: ServerResponse | Socket, chunk: Buffer, times: number): void {
  let left = times;
  target.on('error', () => {});
  const more = () => {
    while (left > 0 && !target.destroyed) {
      left -= 1;
      if (!target.write(chunk)) return void target.once('drain', more);
    }
    target.end();
  };
  more();
}

describe('an answer has a time for all of it (M12)', () => {
  const timeoutSeconds = 0.4;
  const within = async (server: Running) => {
    const start = performance.now();
    const result = await get(server, { timeoutSeconds });
    expect(performance.now() - start).toBeLessThan(patience(10));
    return result;
  };

  test('one that never begins', async () => {
    expect(await within(await serveRaw(() => {}))).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('one that drips a byte at a time', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(await within(server)).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('headers that drip', async () => {
    const server = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const drip = setInterval(() => socket.write('a: b\r\n'), 20);
      socket.on('close', () => clearInterval(drip));
    });
    expect(await within(server)).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('interim answers without a final one', async () => {
    const server = await serveRaw((socket) => {
      const drip = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5);
      socket.on('close', () => clearInterval(drip));
    });
    expect(await within(server)).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('a time that is not a whole number of milliseconds', async () => {
    const server = await serveRaw(() => {});
    expect(await get(server, { timeoutSeconds: 0.0501 })).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('a name that DNS does not answer', async () => {
    const url = 'https://photos.example/';
    const resolve = () => new Promise<never>(() => {});
    const connectSeconds = patience(2) / 1000;
    const outbound = outboundWith({ resolve, timeouts: { connectSeconds } });
    // the time for the whole, and the time for connecting: each ends it alone, the shorter one first
    const whole = outbound.fetchJson({ url, timeoutSeconds });
    const connecting = outbound.fetchJson({ url, timeoutSeconds: 10 * connectSeconds });
    expect(await Promise.race([whole.then(() => 'whole'), connecting.then(() => 'connecting')])).toBe('whole');
    expect(await whole).toMatchObject({ kind: 'failed', reason: 'timeout' });
    expect(await connecting).toMatchObject({ kind: 'failed', reason: 'timeout' });
    await outbound.close();
  });
});

describe('a connection that fails is unreachable, and nothing of what came is told', () => {
  test('nobody listens', async () => {
    // one that was free a moment ago may be somebody else's by now; nobody has the first
    expect(await get({ port: 1, connections: () => 0 })).toEqual({
      kind: 'failed',
      reason: 'unreachable',
      detail: 'The connection failed (ECONNREFUSED).',
    });
  });

  test.each([
    ['no HTTP', `220 ${CANARY} ESMTP\r\n`],
    ['a broken status line', `HTTP/1.1 ${CANARY}\r\n\r\n`],
    ['a broken header', `HTTP/1.1 200 OK\r\n${CANARY}\r\n\r\n`],
    [
      'two lengths',
      `HTTP/1.1 200 ${CANARY}\r\ncontent-type: application/json\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
    ],
    ['length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}'],
    [
      'a broken chunk',
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${CANARY}\r\n`,
    ],
    [
      'a body cut short',
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a":"${CANARY}"}`,
    ],
    ['nothing', ''],
  ])('%s', async (_what, text) => {
    const server = await serveRaw((socket) => socket.once('data', () => socket.end(text)));
    const result = await get(server);
    expect(result).toMatchObject({ kind: 'failed', reason: 'unreachable' });
    expect(JSON.stringify(result)).not.toContain(CANARY);
  });
});
