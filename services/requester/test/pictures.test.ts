import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Browser } from '@chatelaine/test-kit';
import { connectAm, signUp, startWorld, type World } from './support/world.ts';

let world: World;
let origin: string;
let browser: Browser;
beforeAll(async () => {
  world = await startWorld();
  origin = await world.start();
  browser = await signUp(origin);
  await connectAm(world.deployment, browser);
});
afterAll(() => world.close());
beforeEach(() => {
  world.deployment.on = {};
  world.deployment.received.length = 0;
});

describe('a picture', () => {
  const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  const answer =
    (bytes: Buffer, headers: Record<string, string> = {}) =>
    () => ({ bytes, headers });
  const address = async (): Promise<string> => {
    world.deployment.entries = {
      photos: [{ id: 'p1', text: 'A lake', date: '2026-03-01T10:00:00Z', picture: { type: 'x' } }],
    };
    const { text } = await browser.get('/');
    return /<img[^>]* src="(\/picture[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? 'none';
  };

  test('is shown from our own origin, obtained with the owner’s token, and typed by its own bytes', async () => {
    world.deployment.on['photos /api/entries/p1/picture'] = answer(PNG, { 'content-type': 'text/html' });
    const page = await browser.get(await address());
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('image/png');
    expect(page.headers['content-security-policy']).toBe("default-src 'none'; sandbox");
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect(page.headers['cache-control']).toBe('no-store');
    const call = world.deployment.received.find((one) => one.path === 'photos /api/entries/p1/picture');
    expect(call?.method).toBe('GET');
  });

  test.each([
    [
      'HTML that calls itself a picture',
      answer(Buffer.from('<script>alert(1)</script>'), { 'content-type': 'image/png' }),
    ],
    ['an SVG', answer(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), { 'content-type': 'image/svg+xml' })],
    ['more than 2 MB', answer(Buffer.concat([PNG, Buffer.alloc(2_097_152)]))],
    ['a refusal', () => ({ status: 403, json: {} })],
    ['a redirect', () => ({ status: 302, json: {}, headers: { location: '/api/entries' } })],
  ])('that is %s is not there', async (_name, handler) => {
    world.deployment.on['photos /api/entries/p1/picture'] = handler;
    expect((await browser.get(await address())).status).toBe(404);
  });

  test('is for its owner alone, and only at a Host the AM offers', async () => {
    world.deployment.on['photos /api/entries/p1/picture'] = answer(PNG);
    const own = await address();
    const other = await signUp(origin);
    await connectAm(world.deployment, other);
    expect((await other.get(own)).status).toBe(404);
    expect((await new Browser(origin).get(own)).headers['location']).toMatch(/^\/sign-in/);
    const query = new URLSearchParams(own.slice(own.indexOf('?') + 1));
    for (const [name, value] of [
      ['resource', 'http://evil.localhost/api'],
      ['resource', world.deployment.am],
      ['resource', ''],
      ['entry', '../../token'],
      ['entry', '..'],
      ['connection', ''],
    ] as const) {
      const changed = new URLSearchParams(query);
      changed.set(name, value);
      expect([name, value, (await browser.get(`/picture?${changed.toString()}`)).status]).toEqual([name, value, 404]);
    }
    expect((await browser.get(`${own}&entry=again`)).status).toBe(400);
  });
});
