import http from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TRACE, FROM_OUTSIDE, CANARY, chain, ask } from './scene.ts';

export function requestIds(): void {
  describe('one id through the whole chain', () => {
    let it: Awaited<ReturnType<typeof chain>>;
    beforeAll(async () => {
      it = await chain({ trustedProxies: ['127.0.0.0/8'] });
    });
    afterAll(() => it.close());

    test("a request's trace id is in all its log lines, and in the requests that it causes", async () => {
      it.service.log.length = 0;
      await ask(it.service, { traceparent: FROM_OUTSIDE });
      expect(it.service.log.map(({ msg, trace }) => [msg, trace])).toEqual([
        ['asking', TRACE],
        ['answered', TRACE],
      ]);
      expect(it.heard.at(-1)?.['traceparent']).toMatch(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-00$`));
      expect(it.heard.at(-1)?.authorization).toBe(CANARY);
    });

    test('a call without the objects of fetch sends and records the same', async () => {
      await ask(it.service, { traceparent: FROM_OUTSIDE }, 'by=post');
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
}
