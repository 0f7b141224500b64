import type http from 'node:http';
import { eventually } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { am, bridge, called, serviceBehaviour, token, world } from './scene.ts';

/** Calls under way: how many, and who ends them. */
export function concurrentCalls(): void {
  describe('what leaves', () => {
    test('is one Requester’s share: with eight calls under way the ninth waits, and the others end well', async () => {
      const waiting: http.ServerResponse[] = [];
      serviceBehaviour.does = (_request, response) => void waiting.push(response);
      const eight = Array.from({ length: 8 }, () => am.call(bridge, token, { path: '/api/chirp/entries' }));
      await eventually(() => waiting.length === 8);
      const ninth = await am.call(bridge, token, { path: '/api/chirp/entries' });
      expect([ninth.status, ninth.headers['retry-after']]).toEqual([429, '1']);
      serviceBehaviour.does = null;
      for (const response of waiting) response.end('{}');
      expect((await Promise.all(eight)).map(({ status }) => status)).toEqual(Array(8).fill(200));
      expect((await am.call(bridge, token, { path: '/api/chirp/entries' })).status).toBe(200);
    });
  });

  test('for who has left before their token is judged the service is not asked, and no call is under way', async () => {
    const connections = (): Promise<number> =>
      new Promise((resolve, reject) =>
        bridge.app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      );
    const before = called();
    const lock = await bridge.pool.connect();
    await lock.query('begin; lock table oauth_token in access exclusive mode');
    let begun = 0;
    const begin = (): void => void (begun += 1);
    bridge.app.server.on('request', begin);
    const gone = new AbortController();
    const calls = Array.from({ length: 8 }, () =>
      am.call(bridge, token, { path: '/api/chirp/entries', signal: gone.signal }).catch(() => 'gone'),
    );
    await eventually(() => begun === 8);
    gone.abort();
    expect(await Promise.all(calls)).toEqual(Array(8).fill('gone'));
    await eventually(async () => (await connections()) === 0);
    bridge.app.server.off('request', begin);
    await lock.query('rollback');
    lock.release();
    // the first may be judged before those that left
    for (let call = 0; call < 3; call++)
      expect((await am.call(bridge, token, { path: '/api/chirp/entries' })).status).toBe(200);
    expect(called()).toBe(before + 3);
  });

  test('a stop ends an answer under way', async () => {
    const { browser, tokens: own } = await world.person('stopping', ['chirp']);
    const answer = partlyAnswered();
    const call = am.call(bridge, own.chirp, { path: '/api/chirp/entries' }).catch((error: Error) => error);
    await eventually(answer.hasBegun);
    await browser.submit('/access', '/access/end', {});
    expect(await call).toBeInstanceOf(Error);
    await eventually(answer.isAborted);
  });

  test('who goes away is not waited for: the service’s answer is let go', async () => {
    const answer = partlyAnswered();
    const gone = new AbortController();
    const call = am.call(bridge, token, { path: '/api/chirp/entries', signal: gone.signal }).catch(() => 'gone');
    await eventually(answer.hasBegun);
    gone.abort();
    expect(await call).toBe('gone');
    await eventually(answer.isAborted);
  });
}

/** The service begins its next answer, and does not end it. */
function partlyAnswered() {
  let under: http.ServerResponse | undefined;
  serviceBehaviour.does = (_request, response) => {
    serviceBehaviour.does = null;
    under = response;
    response.writeHead(200);
    response.write(Buffer.alloc(200_000, 'x'));
  };
  return { hasBegun: () => under !== undefined, isAborted: () => under?.destroyed === true };
}
