import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMetrics, formOf, openTracing, traced, type Tracing } from '../src/index.ts';
import { startService, type TestService, type TestServiceOptions } from './support/service.tsx';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const FROM_OUTSIDE = `00-${TRACE}-b7ad6b7169203331-01`;
const CANARY = 'canary-2f9a1c';

/** Takes what it is sent. */
async function listen(answer: http.RequestListener): Promise<{ origin: string; close(): Promise<void> }> {
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { origin: `http://127.0.0.1:${port}`, close };
}

/** A service whose one route asks another service, and that service. */
async function chain(options: TestServiceOptions = {}) {
  const heard: http.IncomingHttpHeaders[] = [];
  const other = await listen((request, answer) => {
    heard.push(request.headers);
    answer.writeHead(Number(new URL(request.url ?? '', 'http://x').searchParams.get('status') ?? 200)).end('{}');
  });
  const arrived = Promise.withResolvers<void>();
  const outbound = traced({ fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, init) });
  const service = await startService({
    ...options,
    routes: async (app) => {
      app.addHook('onRequest', async () => arrived.resolve());
      app.post('/ask', async (request) => {
        const status = formOf(request).get('status') ?? '200';
        await new Promise((resolve) => setImmediate(resolve));
        request.log.info('asking');
        await outbound.fetch(`${other.origin}/token?status=${status}&secret=${CANARY}`, {
          headers: { authorization: CANARY },
        });
        return {};
      });
    },
  });
  const close = async () => {
    await service.app.close();
    await other.close();
  };
  return { service, heard, close, arrived: arrived.promise };
}

const ask = (service: TestService, headers: Record<string, string> = {}, body = `secret=${CANARY}`) =>
  fetch(`${service.origin}/ask?code=${CANARY}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });

describe('one id through the whole chain', () => {
  let it: Awaited<ReturnType<typeof chain>>;
  beforeAll(async () => {
    it = await chain({ trustedProxies: ['127.0.0.0/8'] });
  });
  afterAll(() => it.close());

  test("a request's trace is in all its log lines and goes on to whoever is asked for it", async () => {
    it.service.log.length = 0;
    await ask(it.service, { traceparent: FROM_OUTSIDE });
    expect(it.service.log.map(({ msg, trace }) => [msg, trace])).toEqual([
      ['asking', TRACE],
      ['answered', TRACE],
    ]);
    expect(it.heard.at(-1)?.['traceparent']).toMatch(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-00$`));
    expect(it.heard.at(-1)?.authorization).toBe(CANARY);
  });

  test.each([
    ['none', undefined],
    ['not hex', `00-${'g'.repeat(32)}-b7ad6b7169203331-01`],
    ['zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['another version', `01-${TRACE}-b7ad6b7169203331-01`],
    ['something to write into logs', `00-${TRACE}-b7ad6b7169203331-01"} {"level":60`],
  ])('a traceparent that is %s begins a new trace', async (_what, traceparent) => {
    it.service.log.length = 0;
    await ask(it.service, traceparent === undefined ? {} : { traceparent });
    const [trace, again] = it.service.log.map((line) => line['trace']);
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    expect(trace).not.toBe(TRACE);
    expect(again).toBe(trace);
    expect(it.heard.at(-1)?.['traceparent']).toContain(trace);
  });

  test("a trusted proxy's request id is kept if it is harmless", async () => {
    it.service.log.length = 0;
    await ask(it.service, { 'x-request-id': 'edge-7.0042' });
    await ask(it.service, { 'x-request-id': `x"${'y'.repeat(10)}` });
    const [kept, , made] = it.service.log.map((line) => line['reqId']);
    expect(kept).toBe('edge-7.0042');
    expect(made).toMatch(/^[A-Za-z0-9_-]{12}$/);
  });

  test('a body that arrives later belongs to the same trace', async () => {
    const late = await chain();
    const headers = { traceparent: FROM_OUTSIDE, 'content-type': 'application/x-www-form-urlencoded' };
    const request = http.request(`${late.service.origin}/ask`, { method: 'POST', headers });
    request.flushHeaders();
    await late.arrived;
    const answered = new Promise((resolve) =>
      request.once('response', (answer) => answer.resume().once('end', resolve)),
    );
    request.end('status=200');
    await answered;
    expect(late.service.log.filter(({ trace }) => trace === TRACE).map(({ msg }) => msg)).toEqual([
      'asking',
      'answered',
    ]);
    expect(late.heard.at(-1)?.['traceparent']).toContain(TRACE);
    await late.close();
  });

  test("nobody else's is", async () => {
    const open = await chain();
    await ask(open.service, { 'x-request-id': 'edge-7.0042' });
    expect(open.service.log.find(({ msg }) => msg === 'asking')?.['reqId']).toMatch(/^[A-Za-z0-9_-]{12}$/);
    await open.close();
  });
});

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code: number };
  attributes: { key: string; value: Record<string, unknown> }[];
}

describe('traces', () => {
  let collector: Awaited<ReturnType<typeof listen>>;
  let received = '';
  beforeAll(async () => {
    collector = await listen((request, answer) => {
      if (request.url === '/v1/traces') request.on('data', (chunk: Buffer) => (received += chunk.toString()));
      request.on('end', () => answer.end('{}'));
    });
  });
  afterAll(() => collector.close());

  const record = async (ratio: number, work: (service: TestService) => Promise<unknown>) => {
    received = '';
    const tracing = await openTracing({ endpoint: collector.origin, serviceName: 'inn', ratio });
    const it = await chain({ tracing });
    await work(it.service);
    await it.close(); // sends what is left
    return { text: received, spans: spansIn(received), heard: it.heard };
  };

  test('show each request and each call it needed, under the trace of who asked', async () => {
    const { spans, heard } = await record(1, (service) => ask(service, { traceparent: FROM_OUTSIDE }, 'status=503'));
    const [call, request] = spans;
    expect([call?.name, call?.kind, request?.name, request?.kind]).toEqual(['GET', 3, 'POST /ask', 2]);
    expect([call?.traceId, request?.traceId]).toEqual([TRACE, TRACE]);
    expect([request?.parentSpanId, call?.parentSpanId]).toEqual(['b7ad6b7169203331', request?.spanId]);
    expect(heard.at(-1)?.['traceparent']).toBe(`00-${TRACE}-${call?.spanId}-01`);
    expect([call?.status.code, request?.status.code]).toEqual([2, 0]);
  });

  test('hold no query, no body, no header and no address', async () => {
    const { text, spans } = await record(1, (service) =>
      Promise.all([ask(service), fetch(`${service.origin}/${CANARY}?a=${CANARY}`)]),
    );
    expect(spans).toHaveLength(3);
    expect(text).not.toContain(CANARY);
    const keys = new Set(spans.flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    expect([...keys].toSorted()).toEqual([
      'chatelaine.request_id',
      'http.request.method',
      'http.response.status_code',
      'http.route',
      'server.address',
    ]);
  });

  test("are recorded as often as we say, whatever the caller's flag says", async () => {
    const { spans } = await record(0, (service) => ask(service, { traceparent: FROM_OUTSIDE }));
    expect(spans).toEqual([]);
  });

  test('do not keep a service from ending when their collector is gone', async () => {
    const gone = await listen(() => undefined);
    await gone.close();
    const tracing: Tracing = await openTracing({ endpoint: gone.origin, serviceName: 'inn', ratio: 1 });
    const it = await chain({ tracing });
    await ask(it.service);
    await it.close();
  });
});

function spansIn(text: string): Span[] {
  if (text === '') return [];
  const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

describe('metrics', () => {
  let it: Awaited<ReturnType<typeof chain>>;
  let address = '';
  const metrics = createMetrics();
  const read = async () => (await fetch(address)).text();
  const seriesIn = (text: string) => text.split('\n').filter((line) => line.startsWith('chatelaine_')).length;

  beforeAll(async () => {
    metrics.gauge({ name: 'chatelaine_beds', help: 'b', label: 'state', read: () => ({ free: 3, taken: 4 }) });
    metrics.gauge({ name: 'chatelaine_cellar', help: 'c', label: 'x', read: () => Promise.reject(new Error('dark')) });
    it = await chain({ metrics, metricsListener: { address: '127.0.0.1', port: 0 } });
    const line = it.service.log.find(({ msg }) => msg === 'metrics');
    address = `http://127.0.0.1:${String(line?.['port'])}/metrics`;
  });
  afterAll(() => it.close());

  test('are answered on their own port and nowhere else', async () => {
    expect((await fetch(`${it.service.origin}/metrics`)).status).toBe(404);
    expect((await fetch(address.replace('/metrics', '/'))).status).toBe(404);
    const text = await read();
    expect(text).toContain('chatelaine_beds{state="taken"} 4');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  test('a reading that fails is left out, and the others are there', async () => {
    const text = await read();
    expect(text).not.toMatch(/chatelaine_cellar\{/);
    expect(text).toMatch(/chatelaine_metric_readings_failed_total\{metric="chatelaine_cellar"\} \d/);
  });

  test('count requests by route, and nothing that a stranger sends adds a series', async () => {
    await ask(it.service);
    await fetch(`${it.service.origin}/${CANARY}`);
    const before = await read();
    expect(before).toContain('chatelaine_request_seconds_count{route="/ask",method="POST",status="2xx"} 1');
    for (let n = 0; n < 20; n++) {
      await fetch(`${it.service.origin}/${CANARY}/${n}?q=${n}`, {
        headers: { 'user-agent': `a${n}`, host: `h${n}.test` },
      });
    }
    const after = await read();
    expect(seriesIn(after)).toBe(seriesIn(before));
    expect(after).not.toContain(CANARY);
  });

  test('a label has the values it was declared with, and other', async () => {
    const own = createMetrics();
    const count = own.counter({ name: 'chatelaine_x_total', help: 'x', labels: { outcome: ['good'] } });
    count({ outcome: 'good' });
    count({ outcome: CANARY });
    const { body } = await own.text();
    expect(body).toContain('chatelaine_x_total{outcome="good"} 1');
    expect(body).toContain('chatelaine_x_total{outcome="other"} 1');
    expect(body).not.toContain(CANARY);
  });
});

test('a process that stood still says so at /readyz, so that its peers take over', async () => {
  const service = await startService();
  expect((await fetch(`${service.origin}/readyz`)).status).toBe(200);
  const until = performance.now() + 1_700;
  while (performance.now() < until);
  const answer = await fetch(`${service.origin}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([503, { status: 'not ready', waiting_for: ['event_loop'] }]);
  expect((await fetch(`${service.origin}/healthz`)).status).toBe(200);
  await service.app.close();
});
