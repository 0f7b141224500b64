import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { Browser } from '@chatelaine/test-kit';
import { connectAm, signUp, startWorld, type World } from '../support/world.ts';

export let world: World;
export let origin: string;

/** The same with little patience. */
export let hasty: string;
export let browser: Browser;

export const answer = (response: ServerResponse, json: unknown) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(json));

/** Before and after the tests of all parts. */
export function scene(): void {
  beforeAll(async () => {
    world = await startWorld();
    [origin, hasty] = [await world.start(), await world.start({ FEED_SECONDS: '2' })];
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    const { deployment } = world;
    deployment.on = {};
    deployment.refusal = {};
    deployment.asked.length = 0;
    deployment.entries = {
      photos: [
        { id: '1', text: 'A lake', date: '2026-03-01T10:00:00Z' },
        { id: '2', text: 'A hill', date: '2026-05-01T10:00:00Z' },
      ],
      notes: [{ id: '1', text: 'Buy milk', date: '2026-04-01T10:00:00+02:00' }],
    };
    browser = await signUp(origin);
    await connectAm(deployment, browser);
    deployment.received.length = 0;
  });
}
