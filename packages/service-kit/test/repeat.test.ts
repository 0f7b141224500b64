import { expect, test } from '@jest/globals';
import fastify from 'fastify';
import { repeat } from '../src/index.ts';

const EVERY_SECONDS = 0.3;

test('a repeated job is done even by a process that never lives for a whole interval', async () => {
  const happened: string[] = [];
  const app = fastify();
  repeat(app, { everySeconds: EVERY_SECONDS, work: async () => happened.push('done'), what: 'the work' });
  await app.ready();
  await new Promise<void>((resolve) => {
    setTimeout(() => resolve(void happened.push('interval')), EVERY_SECONDS * 1000);
  });
  await app.close();
  expect(happened).toEqual(['done', 'interval']);
});
