import { patience } from '@chatelaine/test-kit';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { outboundWith, type Running, serve, serveRaw } from '../servers.ts';
import { CANARY, json, get } from './scene.ts';

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

export function sizeAndTime(): void {
  describe('an answer is limited in size (M12)', () => {
    test('64 KB is read, one byte more is not', async () => {
      const sized = (size: number) => json(`"${'a'.repeat(size - 2)}"`);
      expect(await get(await serve(sized(65_536)))).toMatchObject({ kind: 'ok' });
      expect(await get(await serve(sized(65_537)))).toMatchObject({ kind: 'failed', reason: 'too_large' });
      expect(await get(await serve(sized(101)), { maxBytes: 100 })).toMatchObject({ reason: 'too_large' });
    });

    test('of a body of 100 MB hardly anything is read, whether its length is announced or not', async () => {
      for (const headers of [{}, { 'content-length': String(100_000_000) }]) {
        const closed = Promise.withResolvers<number>();
        const server = await serve((_request, response) => {
          response.writeHead(200, { 'content-type': 'application/json', ...headers });
          response.on('close', () => closed.resolve(response.socket?.bytesWritten ?? 0));
          pour(response, Buffer.alloc(65_536, 'a'), 1526);
        });
        const before = process.memoryUsage().rss;
        expect(await get(server)).toMatchObject({ kind: 'failed', reason: 'too_large' });
        // the kernel's buffers on both sides take some of it before the connection closes
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

    test('a body that is not wanted is not read', async () => {
      const closed = Promise.withResolvers<void>();
      const server = await serve((_request, response) => {
        response.writeHead(404).write('a');
        response.on('close', () => closed.resolve());
      });
      // a distant deadline, so that it is not what ends the body
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

  describe('an answer has one deadline for the whole (M12)', () => {
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
      // the deadline of the whole and that of connecting both apply: whichever is shorter ends the call
      const whole = outbound.fetchJson({ url, timeoutSeconds });
      const connecting = outbound.fetchJson({ url, timeoutSeconds: 10 * connectSeconds });
      expect(await Promise.race([whole.then(() => 'whole'), connecting.then(() => 'connecting')])).toBe('whole');
      expect(await whole).toMatchObject({ kind: 'failed', reason: 'timeout' });
      expect(await connecting).toMatchObject({ kind: 'failed', reason: 'timeout' });
      await outbound.close();
    });
  });

  describe('a connection that fails is unreachable, and nothing that was received is reported', () => {
    test('nobody listens', async () => {
      // port 1, because a port that was free a moment ago may be taken by now
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
}
