import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openTracing, type Tracing } from '@chatelaine/telemetry';
import type { TestService } from '../support/service.ts';
import { TRACE, FROM_OUTSIDE, CANARY, listen, chain, ask } from './scene.ts';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code: number };
  attributes: { key: string; value: Record<string, unknown> }[];
}

function spansIn(text: string): Span[] {
  if (text === '') return [];
  const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

export function traces(): void {
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
      await it.close(); // sends the spans that are left
      return { text: received, spans: spansIn(received), heard: it.heard };
    };

    test('show each request and the calls that it made, in the trace of its caller', async () => {
      const { spans, heard } = await record(1, (service) => ask(service, { traceparent: FROM_OUTSIDE }, 'status=503'));
      const [call, request] = spans;
      expect([call?.name, call?.kind, request?.name, request?.kind]).toEqual(['GET', 3, 'POST /ask', 2]);
      expect([call?.traceId, request?.traceId]).toEqual([TRACE, TRACE]);
      expect([request?.parentSpanId, call?.parentSpanId]).toEqual(['b7ad6b7169203331', request?.spanId]);
      expect(heard.at(-1)?.['traceparent']).toBe(`00-${TRACE}-${call?.spanId}-01`);
      expect([call?.status.code, request?.status.code]).toEqual([2, 0]);
    });

    test('hold no query, body, header or URL', async () => {
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

    test("are recorded at the configured ratio, whatever the caller's flag says", async () => {
      const { spans } = await record(0, (service) => ask(service, { traceparent: FROM_OUTSIDE }));
      expect(spans).toEqual([]);
    });

    test('do not keep a service from ending when the collector is unreachable', async () => {
      const gone = await listen(() => undefined);
      await gone.close();
      const tracing: Tracing = await openTracing({ endpoint: gone.origin, serviceName: 'inn', ratio: 1 });
      const it = await chain({ tracing });
      await ask(it.service);
      await it.close();
    });
  });
}
