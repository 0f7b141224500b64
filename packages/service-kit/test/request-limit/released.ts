import http from 'node:http';
import net from 'node:net';
import { expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { drain } from '../../src/index.ts';
import type { TestService } from '../support/service.ts';
import { LIMIT, begin, it, read, taken, ask, fill } from './scene.ts';

function send({ origin }: TestService, text: string): { socket: net.Socket; text: Promise<string> } {
  const socket = net.connect(Number(new URL(origin).port), '127.0.0.1');
  const got = new Promise<string>((resolve, reject) => {
    let all = '';
    socket.on('data', (chunk) => (all += chunk.toString()));
    socket.on('error', reject).on('close', () => resolve(all));
  });
  socket.write(text);
  return { socket, text: got };
}

export function releasedSlots(): void {
  test('a preflight is always answered, so that the page can read the refusal that follows', async () => {
    await begin();
    const opened = { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'POST' };
    // as a scope does that programs in other pages may call
    it.app.server.prependListener('request', ({ url, method }, answer) => {
      if (url !== '/work') return;
      answer.setHeader('access-control-allow-origin', opened['access-control-allow-origin']);
      if (method === 'OPTIONS') answer.setHeader('access-control-allow-methods', 'POST');
    });
    const admitted = await fill();
    const [asked, refused] = [await ask('/work', { method: 'OPTIONS' }), await ask('/work', { method: 'POST' })];
    expect([asked.status, await asked.text(), Object.fromEntries(asked.headers)]).toMatchObject([204, '', opened]);
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([503, '*']);
    // an address that is not open is refused as before
    expect((await ask('/page', { method: 'OPTIONS' })).status).toBe(503);
    expect(await read(it.metrics, 'chatelaine_requests_refused_total')).toBe(2);
    it.release();
    await Promise.all(admitted);
  });

  test('no slot is lost by errors, refusals, kept-alive connections, raw answers or disconnects', async () => {
    await begin();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (const path of ['/wrong', '/stumble', '/nowhere', '/api/rooms/1', '/healthz', '/style.css']) {
      await new Promise<void>((resolve) => {
        http.get(it.origin + path, { agent }, (answer) => void answer.resume().on('end', resolve));
      });
    }
    agent.destroy();
    expect((await it.app.inject('/api/rooms/1')).statusCode).toBe(200);
    await ask('/api/rooms', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
    const alone = await ask('/alone');
    await eventually(async () => (await taken()) === 1);
    await alone.body?.cancel();
    await eventually(async () => (await taken()) === 0);
  });

  test('a client that disconnects frees no slot while its work goes on', async () => {
    await begin();
    const gone = new AbortController();
    const left = Array.from({ length: LIMIT }, () => ask('/work', { signal: gone.signal }).catch(() => 'left'));
    await it.begun(LIMIT);
    gone.abort();
    expect(await Promise.all(left)).toEqual(['left', 'left']);
    expect([(await ask('/work')).status, await taken()]).toEqual([503, LIMIT]);
    it.release();
    await eventually(async () => (await taken()) === 0);
  });

  test('a slow sender keeps nobody out, and gets a slot only if there is one', async () => {
    await begin();
    const body = (text: string): string =>
      'POST /work HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
      `Content-Type: application/json\r\nContent-Length: 2\r\n\r\n${text}`;
    const slow = Array.from({ length: LIMIT }, () => send(it, body('{')));
    await eventually(async () => it.sending.count === LIMIT);
    const admitted = await fill();
    for (const { socket } of slow) socket.write('}');
    for (const { text } of slow) expect(await text).toMatch(/^HTTP\/1\.1 503 /);
    it.release();
    await Promise.all(admitted);
    await eventually(async () => (await taken()) === 0);
  });

  test('a route with a limit of its own gives its slot back', async () => {
    await begin();
    const long = Array.from({ length: LIMIT }, () => ask('/long'));
    await it.begun(LIMIT);
    const admitted = Array.from({ length: LIMIT }, () => ask('/work'));
    await it.begun(2 * LIMIT);
    it.release();
    expect((await Promise.all([...long, ...admitted])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await eventually(async () => (await taken()) === 0);
  });

  test('a server that shuts down finishes requests that have a slot', async () => {
    await begin();
    const admitted = await fill();
    const down = drain(it.app);
    it.release();
    expect((await Promise.all(admitted)).map(({ status }) => status)).toEqual([200, 200]);
    await down;
  });
}
