import { describe, expect, it } from '@jest/globals';
import { outcomesById, pause, streamBatch } from '../support/batch.ts';
import { asIds, itemAtSecondHost, deployment, item, many, story } from './scene.ts';

/** Answers that are streamed as lines. */
export function streamedAnswers(): void {
  describe('answers as lines', () => {
    it('come in the order in which Hosts answer: a slow one holds up nobody', async () => {
      const paused = pause(deployment.host);
      const stream = await streamBatch(deployment, story, {
        items: [item('slow'), ...many(5), itemAtSecondHost('fast'), itemAtSecondHost('also')],
      });
      expect([
        stream.response.statusCode,
        stream.response.headers['content-type'],
        stream.response.headers['cache-control'],
      ]).toEqual([200, 'application/x-ndjson', 'no-store']);
      expect(stream.response.headers['content-security-policy']).toContain("default-src 'none'");
      expect(stream.response.headers['access-control-allow-origin']).toBe('*');
      const early = [await stream.next(), await stream.next()];
      expect(asIds(early.map((line) => line ?? { id: '' })).toSorted()).toEqual(['also', 'fast']);
      paused.open();
      const late = await stream.rest();
      expect(asIds(late).toSorted()).toEqual(['i0', 'i1', 'i2', 'i3', 'i4', 'slow']);
      expect(new Set(late.map(({ status }) => status))).toEqual(new Set([200]));
    });

    it('go on when a Host vanishes in the middle: its items are 503, the others what they would be', async () => {
      deployment.host.script.transfer = () => 'reset';
      const items = [item('gone'), itemAtSecondHost('there'), item('gone too')].map((each, n) => ({
        ...each,
        id: `i${n}`,
      }));
      const lines = await (await streamBatch(deployment, story, { items })).rest();
      expect(outcomesById(lines)).toEqual({
        i0: '503 temporarily_unavailable',
        i1: '200',
        i2: '503 temporarily_unavailable',
      });
    });
  });
}
