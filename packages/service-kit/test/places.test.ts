import http from 'node:http';
import net from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import {
  createMetrics,
  drain,
  leavePlace,
  type Metrics,
  pages,
  waitingOnOthers,
  waitOnOthers,
  waitOnOthersOrHere,
} from '../src/index.ts';
import { CSRF_CHECKED } from '../src/accounts/current-account.ts';
import { startService, type TestService } from './support/service.tsx';

const LIMIT = 2;

/** A service with room for two, whose work goes on until it is let go. */
async function open(room: { requestsAtOnce?: number; waitingAtOnce?: number } = {}) {
  const metrics = createMetrics();
  const working: (() => void)[] = [];
  const sending = { count: 0 };
  const service = await startService({
    metrics,
    requestsAtOnce: LIMIT,
    ...room,
    published: ['/keys', '/documents/', '/held-keys'],
    routes: async (app) => {
      const work = () => new Promise<object>((resolve) => working.push(() => resolve({ ok: true })));
      app.addHook('preParsing', async () => void (sending.count += 1));
      const outbound = waitingOnOthers({ fetchJson: work });
      app.get('/host', async ({ headers }) => {
        const { owner, requester } = headers as Record<string, string>;
        waitOnOthers({ ...(owner && { owner }), ...(requester && { requester }) });
        return outbound.fetchJson();
      });
      app.get('/document', () => outbound.fetchJson());
      app.get('/end', async () => {
        waitOnOthersOrHere();
        return outbound.fetchJson();
      });
      app.get('/held-keys', work);
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
      // as sessions do, which need a database
      app.decorateRequest(CSRF_CHECKED, false);
      await pages(app, async (scope) => void scope.get('/page', work));
    },
  });
  const begun = (count: number) => eventually(() => working.length === count);
  const letGo = (): void => {
    for (const go of working.splice(0)) go();
  };
  return { ...service, metrics, sending, begun, letGo, working: () => working.length };
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
const counted = (state: string): Promise<number> => read(it.metrics, `chatelaine_requests_at_once{state="${state}"}`);
const taken = (): Promise<number> => counted('taken');
const refusedSoFar = (): Promise<number> => read(it.metrics, 'chatelaine_requests_refused_total');
const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(it.origin + path, init);
const fill = async (): Promise<Promise<Response>[]> => {
  const before = it.working();
  const full = Array.from({ length: LIMIT }, () => ask('/work'));
  await it.begun(before + LIMIT);
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

test('what others need before they can answer us has places of its own, as many, and no more', async () => {
  it = await open();
  const held = Array.from({ length: LIMIT }, () => ask('/held-keys'));
  await it.begun(LIMIT);
  expect([(await ask('/keys')).status, (await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([
    503, 200, 200,
  ]);
  const admitted = await fill();
  expect(await counted('published')).toBe(LIMIT);
  it.letGo();
  expect((await Promise.all([...held, ...admitted])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test('a quarter of the places is kept for people: programs may not take them', async () => {
  it = await open({ requestsAtOnce: 4 });
  const programs = Array.from({ length: 3 }, () => ask('/work'));
  await it.begun(3);
  expect((await ask('/work')).status).toBe(503);
  const page = ask('/page', { headers: { accept: 'text/html' } });
  await it.begun(4);
  expect((await ask('/page', { headers: { accept: 'text/html' } })).status).toBe(503);
  it.letGo();
  expect((await Promise.all([page, ...programs])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test('whoever waits for servers of others leaves its place: however many do, and however long, the others are answered', async () => {
  it = await open({ waitingAtOnce: 80 });
  const owners = Array.from({ length: 8 }, (_, n) => ask('/host', { headers: { owner: `o${n}`, requester: 'r' } }));
  const documents = Array.from({ length: 8 }, () => ask('/document'));
  await it.begun(16);
  expect([await taken(), await counted('waiting')]).toEqual([0, 16]);
  const admitted = await fill();
  it.letGo();
  const answers = await Promise.all([...owners, ...documents, ...admitted]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  await eventually(async () => (await counted('waiting')) === 0 && (await taken()) === 0);
});

test('of the room for waiting one person, one source and one Requester have a share: the next finds room', async () => {
  it = await open({ waitingAtOnce: 40 });
  const many = (headers: Record<string, string>) => Array.from({ length: 40 }, () => ask('/host', { headers }));
  // a fifth of the three quarters that one Requester may have: so much of 30 that it is a quarter of the rest
  const mine = many({ owner: 'mine', requester: 'r' });
  await it.begun(6);
  await eventually(async () => (await refusedSoFar()) === 34);
  const others = many({ owner: 'other', requester: 'r' });
  await it.begun(11);
  await eventually(async () => (await refusedSoFar()) === 34 + 35);
  const third = ask('/host', { headers: { owner: 'third', requester: 'r' } });
  const elsewhere = ask('/host', { headers: { owner: 'third', requester: 'another' } });
  const unknown = ask('/document');
  await it.begun(14);
  it.letGo();
  expect((await Promise.all([third, elsewhere, unknown])).map(({ status }) => status)).toEqual([200, 200, 200]);
  const statuses = (await Promise.all([...mine, ...others])).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(11);
});

test('what ends something is never refused for want of room to wait: it waits where it is', async () => {
  it = await open({ waitingAtOnce: 1 });
  const waiting = ask('/host', { headers: { owner: 'o', requester: 'r' } });
  await it.begun(1);
  expect((await ask('/host', { headers: { owner: 'p', requester: 'r' } })).status).toBe(503);
  const end = ask('/end');
  await it.begun(2);
  expect(await taken()).toBe(1);
  it.letGo();
  expect((await Promise.all([waiting, end])).map(({ status }) => status)).toEqual([200, 200]);
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
