import { expect, test } from '@jest/globals';
import { startRepeating } from '../src/index.ts';

const EVERY_SECONDS = 0.3;

test('a process that never lives for a whole interval still reaps', async () => {
  const happened: string[] = [];
  const whole = new Promise<void>((resolve) => {
    setTimeout(() => resolve(void happened.push('interval')), EVERY_SECONDS * 1000);
  });
  const reap = async () => happened.push('reaped');
  const stop = startRepeating(reap, { everySeconds: EVERY_SECONDS, onError: () => undefined });
  await whole;
  stop();
  expect(happened).toEqual(['reaped', 'interval']);
});

test('reaps again after a failure, and never twice at the same time', async () => {
  const failed: unknown[] = [];
  let underWay = 0;
  let times = 0;
  const third = Promise.withResolvers<void>();
  const reap = async (): Promise<number> => {
    expect(++underWay).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    times += 1;
    if (times === 1) throw new Error('the database is away');
    if (times === 3) third.resolve();
    return 0;
  };
  const stop = startRepeating(reap, { everySeconds: 0.01, onError: (error) => failed.push(error) });
  await third.promise;
  stop();
  expect(failed).toEqual([new Error('the database is away')]);
});
