import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMetrics } from '@chatelaine/telemetry';
import { startService } from '../support/service.ts';
import { CANARY, chain, ask } from './scene.ts';

export function metrics(): void {
  describe('metrics', () => {
    let it: Awaited<ReturnType<typeof chain>>;
    let address = '';
    const metrics = createMetrics();
    const read = async () => (await fetch(address)).text();
    const seriesIn = (text: string) => text.split('\n').filter((line) => line.startsWith('chatelaine_')).length;

    beforeAll(async () => {
      metrics.gauge({ name: 'chatelaine_beds', help: 'b', label: 'state', read: () => ({ free: 3, taken: 4 }) });
      metrics.gauge({
        name: 'chatelaine_cellar',
        help: 'c',
        label: 'x',
        read: () => Promise.reject(new Error('dark')),
      });
      it = await chain({ metrics, metricsListener: { address: '127.0.0.1', port: 0 } });
      const line = it.service.log.find(({ msg }) => msg === 'metrics');
      address = `http://127.0.0.1:${String(line?.['port'])}/metrics`;
    });
    afterAll(() => it.close());

    test('are served on their own port and nowhere else', async () => {
      expect((await fetch(`${it.service.origin}/metrics`)).status).toBe(404);
      expect((await fetch(address.replace('/metrics', '/'))).status).toBe(404);
      const text = await read();
      expect(text).toContain('chatelaine_beds{state="taken"} 4');
      expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
    });

    test('a reading that fails is left out of the others', async () => {
      const text = await read();
      expect(text).not.toMatch(/chatelaine_cellar\{/);
      expect(text).toMatch(/chatelaine_metric_readings_failed_total\{metric="chatelaine_cellar"\} \d/);
    });

    test('count requests by route, and no input adds a time series', async () => {
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

    test('a label has its declared values and `other`', async () => {
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

  test('a process that stood still is not ready, so that other replicas take over', async () => {
    const service = await startService();
    expect((await fetch(`${service.origin}/readyz`)).status).toBe(200);
    const until = performance.now() + 1_700;
    while (performance.now() < until);
    const answer = await fetch(`${service.origin}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'not ready', waiting_for: ['event_loop'] }]);
    expect((await fetch(`${service.origin}/healthz`)).status).toBe(200);
    await service.app.close();
  });
}
