import http from 'node:http';
import net from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { createMetrics, drain, leavePlace, type Metrics, pages } from '../src/index.ts';
import { startService, type TestService } from './support/service.tsx';

const LIMIT = 2;

/** A service with room for two, whose work goes on until it is let go. */
async function open() {
  const metrics = createMetrics();
  const working: (() => void)[] = [];
  const sending = { count: 0 };
  const service = await startService({
    metrics,
    requestsAtOnce: LIMIT,
    alwaysAnswered: ['/keys', '/documents/'],
    routes: async (app) => {
      const work = () => new Promise<object>((resolve) => working.push(() => resolve({ ok: true })));
      app.addHook('preParsing', async () => void (sending.count += 1));
      app.get('/work', work);
      for (const path of ['/keys', '/documents/:id', '/.well-known/:what']) app.get(path, async () => ({}));
      app.post('/work', work);
      app.get('/long', async (request) => {
        leavePlace(request);
        return work();
      });
      app.get('/wrong', async () => {
        throw new Error('of no interest');
      });
      app.get('/alone', (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200).write('a line\n');
        working.push(() => reply.raw.end());
      });
      app.addHook('preHandler', async ({ url }) => {
        if (url === '/stumble') throw new Error('of no interest');
      });
      app.get('/stumble', async () => ({}));
      await pages(app, async (scope) => void scope.get('/page', work));
    },
  });
  const begun = (count: number) => eventually(() => working.length === count);
  const letGo = (): void => {
    for (const go of working.splice(0)) go();
  };
  return { ...service, metrics, sending, begun, letGo };
}

let it: Awaited<ReturnType<typeof open>>;
afterEach(async () => {
  it.letGo();
  await it.app.close();
});

async function read(metrics: Metrics, name: string): Promise<number> {
  const { body } = await metrics.text();
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length),
  );
}
const taken = (): Promise<number> => read(it.metrics, 'chatelaine_requests_at_once{state="taken"}');
const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(it.origin + path, init);
const fill = async (): Promise<Promise<Response>[]> => {
  const full = Array.from({ length: LIMIT }, () => ask('/work'));
  await it.begun(LIMIT);
  return full;
};

test('what is more than may be is answered 503 at once, as its route answers errors; what was there before is finished', async () => {
  it = await open();
  const admitted = await fill();
  const api = await ask('/work', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
  expect([api.status, await api.json(), api.headers.get('x-content-type-options')]).toEqual([
    503,
    { error: 'temporarily_unavailable', error_description: expect.stringContaining('Try again') },
    'nosniff',
  ]);
  expect(api.headers.get('retry-after')).toMatch(/^[123]$/);
  const page = await ask('/page', { headers: { accept: 'text/html' } });
  expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
  expect((await ask('/nowhere')).status).toBe(503);
  // by itself, without Node's server
  expect((await it.app.inject('/work')).statusCode).toBe(503);
  expect(await read(it.metrics, 'chatelaine_requests_refused_total')).toBe(4);
  expect(it.log.filter(({ event }) => event === 'overloaded')).toHaveLength(1);
  it.letGo();
  expect((await Promise.all(admitted)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await ask('/api/rooms/1')).status).toBe(200);
});

test('whoever asks how it is, or for keys without which others cannot answer us, hears it, however much is asked', async () => {
  it = await open();
  const admitted = await fill();
  for (const path of ['/healthz', '/readyz']) expect((await ask(path)).status).toBe(200);
  expect((await ask('/healthz?', { method: 'HEAD' })).status).toBe(200);
  for (const path of ['/keys?x', '/documents/1', '/.well-known/metadata']) expect((await ask(path)).status).toBe(200);
  for (const path of ['/healthz/', '/keys/1', '/documents']) expect((await ask(path)).status).toBe(503);
  it.letGo();
  await Promise.all(admitted);
});

test('a browser’s question whether a page may ask is answered in any case, so that the page can read the refusal', async () => {
  it = await open();
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
  it.letGo();
  await Promise.all(admitted);
});

test('no place is lost: by errors, refusals, kept-alive connections, answers of its own, clients that leave', async () => {
  it = await open();
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

test('a client that leaves does not make room as long as its work goes on', async () => {
  it = await open();
  const gone = new AbortController();
  const left = Array.from({ length: LIMIT }, () => ask('/work', { signal: gone.signal }).catch(() => 'left'));
  await it.begun(LIMIT);
  gone.abort();
  expect(await Promise.all(left)).toEqual(['left', 'left']);
  expect([(await ask('/work')).status, await taken()]).toEqual([503, LIMIT]);
  it.letGo();
  await eventually(async () => (await taken()) === 0);
});

test('whoever sends slowly keeps nobody out, and comes in only when there is room', async () => {
  it = await open();
  const body = (text: string): string =>
    `POST /work HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n${text}`;
  const slow = Array.from({ length: LIMIT }, () => send(it, body('{')));
  await eventually(async () => it.sending.count === LIMIT);
  const admitted = await fill();
  for (const { socket } of slow) socket.write('}');
  for (const { text } of slow) expect(await text).toMatch(/^HTTP\/1\.1 503 /);
  it.letGo();
  await Promise.all(admitted);
  await eventually(async () => (await taken()) === 0);
});

test('a route with a bound of its own gives places back', async () => {
  it = await open();
  const long = Array.from({ length: LIMIT }, () => ask('/long'));
  await it.begun(LIMIT);
  const admitted = Array.from({ length: LIMIT }, () => ask('/work'));
  await it.begun(2 * LIMIT);
  it.letGo();
  expect((await Promise.all([...long, ...admitted])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  await eventually(async () => (await taken()) === 0);
});

test('on its way down it finishes what has a place', async () => {
  it = await open();
  const admitted = await fill();
  const down = drain(it.app);
  it.letGo();
  expect((await Promise.all(admitted)).map(({ status }) => status)).toEqual([200, 200]);
  await down;
});

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
