import { patience } from '@chatelaine/test-kit';
import { act, signUp } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Reader, type World } from './world.ts';

/** The 5 seconds for hop 2, which the AM's own tests measure, plus the time that a crowd waits on a busy machine. */
const WITHIN_MS = patience(9);
const CROWD = 36;
const CALM = 30;

/** A slow Host delays no other. PROTOCOL §3.8, docs/adr/0007 */
export function slowness(worldOf: () => World): void {
  let world: World;
  let reader: Reader;
  beforeAll(async () => {
    world = worldOf();
    // each process has its own circuit breaker, and this is about a single one
    world.deployment.am.front.direct(0);
    reader = await world.connect(world.owners[0], { name: 'Patient' });
  });
  afterAll(() => world.deployment.am.front.direct(null));

  /** The durations of so many transfers at an honest Host, one after the other, in milliseconds, sorted. */
  async function timesAt(resource: string): Promise<number[]> {
    const times: number[] = [];
    for (let count = 0; count < CALM; count++) {
      const { begin, end, outcome } = await reader.client.transfer({
        accessToken: reader.accessToken,
        resource,
        scope: 'entries.read',
      });
      expect(outcome.kind).toBe('ok');
      times.push(end - begin);
    }
    return times.toSorted((a, b) => a - b);
  }
  const middle = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)] ?? 0;

  describe('a slow Host', () => {
    test('is answered 504 within five seconds; a crowd at it holds up no other Host, sign-in or stop', async () => {
      const { deployment, slow, owners, newcomer } = world;
      const stopped = await world.connect(owners[0], { name: 'Stopped meanwhile' });
      const alone = await timesAt(deployment.host('photos').resource);
      const ways = [act.silently, act.dripping, act.hangingAfterHeaders];
      for (const [index, host] of slow.entries()) host.script = { transfer: ways[index] ?? act.silently };

      const { accessToken, client } = reader;
      const crowd = Array.from({ length: CROWD }, (_, index) =>
        client.transfer({ accessToken, resource: slow[index % slow.length]?.resource ?? '', scope: 'entries.read' }),
      );
      const beside = await timesAt(deployment.host('photos').resource);
      await signUp(newcomer('latecomer'), deployment.am.url);
      await owners[0].visit(`${deployment.am.url}/apps`);
      const page = await owners[0].press('Stop Stopped meanwhile');
      expect([page.status, (await stopped.transfer(deployment.host('photos').resource)).status]).toEqual([200, 400]);

      const answers = await Promise.all(crowd);
      const statuses = answers.map(({ outcome }) => (outcome.kind === 'unavailable' ? outcome.status : outcome.kind));
      expect(new Set(statuses)).toEqual(new Set([504]));
      expect(Math.max(...answers.map(({ begin, end }) => end - begin))).toBeLessThan(WITHIN_MS);
      expect(slow.map(({ transfers }) => transfers.length)).toEqual([12, 12, 12]);
      // both are measured in one run; the margin is for whatever else this machine does
      expect(middle(beside)).toBeLessThan(3 * middle(alone) + patience(0.1));
    });

    test('that never answers is left alone then: 503 at once, with the time to come back', async () => {
      const [first] = world.slow;
      const began = performance.now();
      const { status, headers } = await reader.transfer(first?.resource ?? '');
      expect(status).toBe(503);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(performance.now() - began).toBeLessThan(patience(1));
    });
  });
}
