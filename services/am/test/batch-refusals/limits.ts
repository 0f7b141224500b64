import http from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { batchRequest, outcomesById, streamBatch } from '../support/batch.ts';
import type { TransferInput } from '../support/requester.ts';
import { gate } from '../support/scripted-host.ts';
import { call, deployment, errorOf, item, itemsWithoutHost, statusOf, story } from './scene.ts';

/** How many items a call may have, and how many calls may be open at once. */
export function limits(): void {
  describe('limits', () => {
    it('count items, of all processes together, by connection and by Requester: over them it is 429', async () => {
      const limits = { perConnection: { name: 'transfers', points: 25, perSeconds: 60 } };
      const strict = { ...limits, perRequester: { name: 'requester-transfers', points: 40, perSeconds: 60 } };
      const ports = [
        (await deployment.another({ transfers: strict })).port,
        (await deployment.another({ transfers: strict })).port,
      ] as const;
      const by = await deployment.beside(story, { 'photos.read': 'allow' });
      const again = { ...by, connection: await deployment.connect({ ...by, answers: { 'photos.read': 'allow' } }) };
      expect(statusOf([await call({ items: itemsWithoutHost(20), port: ports[0] }, by)])).toEqual([200]);
      expect(statusOf([await call({ items: itemsWithoutHost(5), port: ports[1] }, by)])).toEqual([200]);
      for (const port of ports) {
        const refused = await call({ items: itemsWithoutHost(1), port }, by);
        expect(errorOf(refused)).toBe('429 temporarily_unavailable');
        expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      }
      const crowd = await Promise.all(
        Array.from({ length: 24 }, (_, n) => call({ items: itemsWithoutHost(1), port: ports[n % 2] ?? 0 }, again)),
      );
      expect(crowd.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(15);
      expect(new Set(statusOf(crowd))).toEqual(new Set([200, 429]));
      const other = await deployment.beside(story, { 'photos.read': 'allow' });
      expect((await call({ items: itemsWithoutHost(1), port: ports[0] }, other)).status).toBe(200);
    });

    it('are the same for single, batch and poll: what is beyond begins nothing, a replay uses up nothing', async () => {
      const perConnection = { name: 'transfers', points: 12, perSeconds: 60 };
      const ports = [
        (await deployment.another({ transfers: { perConnection } })).port,
        (await deployment.another({ transfers: { perConnection } })).port,
      ] as const;
      const answers = { 'photos.read': 'allow', 'photos.write': 'ask' } as const;
      const by = await deployment.beside(story, answers);
      const { requester, connection } = by;
      const ask = (n: number, scope: string, more: Partial<TransferInput> = {}) =>
        requester.transfer({ connection, resource: deployment.host.resource, scope, port: ports[n % 2] ?? 0, ...more });
      const deferred = await ask(0, 'photos.write', { params: { completion_mode: 'deferred' } });
      const code = String(deferred.json['deferral_code']);
      const alone = await Promise.all(Array.from({ length: 4 }, (_, n) => ask(n, 'photos.read')));
      expect(statusOf(alone)).toEqual([200, 200, 200, 200]);
      const proofs = [await requester.proof('/token')];
      expect((await ask(0, 'photos.read', { proofs })).status).toBe(200);
      for (const n of [0, 1]) expect(errorOf(await ask(n, 'photos.read', { proofs }))).toBe('400 invalid_dpop_proof');
      expect((await call({ items: itemsWithoutHost(4), port: ports[1] }, by)).status).toBe(200);
      expect(errorOf(await requester.poll(code, { port: ports[0] }))).toBe('400 authorization_pending');
      expect(errorOf(await requester.poll(code, { port: ports[0] }))).toBe('400 slow_down');
      const begun = await deployment.transfers(connection);
      for (const port of ports) {
        const beyond = [
          await ask(ports.indexOf(port), 'photos.read'),
          await ask(ports.indexOf(port), 'photos.write'),
          await requester.poll(code, { port }),
          await call({ items: itemsWithoutHost(1), port }, by),
        ];
        for (const refused of beyond) {
          expect(errorOf(refused)).toBe('429 temporarily_unavailable');
          expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
        }
      }
      expect(await deployment.transfers(connection)).toHaveLength(begun.length);
      const another = await deployment.connect({ ...by, answers });
      expect((await ask(0, 'photos.read', { connection: another })).status).toBe(200);
    });

    it('of calls at once are per connection; and a Requester that uses all its slots delays no other', async () => {
      const other = await deployment.beside(story, { 'photos.read': 'allow' });
      const paused = gate();
      deployment.host.script.transfer = async ({ statement }, mint) => {
        if (statement['sub'] === story.requester.clientId) await paused.opened;
        return { json: mint() };
      };
      const items = Array.from({ length: 4 }, (_, n) => item(`i${n}`));
      const ports = deployment.ams.map(({ port }) => port);
      const port = (n: number) => ports[n % ports.length] ?? 0;
      // all at once, over both processes: no call takes the slot of another
      const open = await Promise.all(
        Array.from({ length: 8 }, (_, n) => streamBatch(deployment, story, { items, port: port(n) })),
      );
      for (const port of ports) {
        const refused = await call({ port });
        expect([errorOf(refused), refused.headers['retry-after']]).toEqual(['429 temporarily_unavailable', '1']);
      }
      // a process that died holds no slot for longer than a call can take
      await deployment.rows('update call_place set held_until = now() where connection_id = $1', [story.connection.id]);
      expect((await call({ items: itemsWithoutHost(1) })).status).toBe(200);
      // as many as both processes together ask one Host at once
      await deployment.host.until(() => deployment.host.hops.length === 20);
      expect((await call({ items: itemsWithoutHost(3) }, other)).status).toBe(200);
      paused.open();
      const answers = await Promise.all(open.map((stream) => stream.rest()));
      expect(answers.flatMap((lines) => Object.values(outcomesById(lines)))).toEqual(Array(32).fill('200'));
    });

    it('hold for what is sent slowly: a half-sent call takes no slot', async () => {
      const { port, path, headers, body } = await batchRequest(deployment, story, { items: [item()] });
      const request = http.request({
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
        agent: false,
      });
      request.on('error', () => {});
      request.write(body.slice(0, 20));
      expect((await call()).status).toBe(200);
      request.destroy();
    });
  });
}
