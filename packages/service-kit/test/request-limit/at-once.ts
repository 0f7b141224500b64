import { expect, test } from '@jest/globals';
import { LIMIT, begin, it, read, counted, ask, fill } from './scene.ts';

export function atOnce(): void {
  test('requests over the limit are 503 at once, in the form of the route’s errors; earlier ones finish', async () => {
    await begin();
    const admitted = await fill();
    const api = await ask('/work', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
    expect([api.status, await api.json(), api.headers.get('x-content-type-options')]).toEqual([
      503,
      { error: 'temporarily_unavailable', error_description: expect.stringContaining('Try again') },
      'nosniff',
    ]);
    expect(api.headers.get('retry-after')).toMatch(/^[123]$/);
    const page = await ask('/page', { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
    expect((await ask('/nowhere')).status).toBe(503);
    // directly, without Node's server
    expect((await it.app.inject('/work')).statusCode).toBe(503);
    expect(await read(it.metrics, 'chatelaine_requests_refused_total')).toBe(4);
    expect(it.log.filter(({ event }) => event === 'overloaded')).toHaveLength(1);
    it.release();
    expect((await Promise.all(admitted)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await ask('/api/rooms/1')).status).toBe(200);
  });

  test('health checks, and keys that others need to answer us, are served under any load', async () => {
    await begin();
    const admitted = await fill();
    for (const path of ['/healthz', '/readyz']) expect((await ask(path)).status).toBe(200);
    expect((await ask('/healthz?', { method: 'HEAD' })).status).toBe(200);
    for (const path of ['/keys?x', '/documents/1', '/.well-known/metadata']) expect((await ask(path)).status).toBe(200);
    for (const path of ['/healthz/', '/keys/1', '/documents']) expect((await ask(path)).status).toBe(503);
    it.release();
    await Promise.all(admitted);
  });

  test('what others need to answer us has slots of its own, as many and no more', async () => {
    await begin();
    const held = Array.from({ length: LIMIT }, () => ask('/held-keys'));
    await it.begun(LIMIT);
    expect([(await ask('/keys')).status, (await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([
      503, 200, 200,
    ]);
    const admitted = await fill();
    expect(await counted('published')).toBe(LIMIT);
    it.release();
    expect((await Promise.all([...held, ...admitted])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test('a quarter of the slots is reserved for people', async () => {
    await begin({ requestsAtOnce: 4 });
    const programs = Array.from({ length: 3 }, () => ask('/work'));
    await it.begun(3);
    expect((await ask('/work')).status).toBe(503);
    const page = ask('/page', { headers: { accept: 'text/html' } });
    await it.begun(4);
    expect((await ask('/page', { headers: { accept: 'text/html' } })).status).toBe(503);
    it.release();
    expect((await Promise.all([page, ...programs])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
}
