import { describe, expect, it } from '@jest/globals';

import type { Story } from '../support/deployment.ts';
import { answersOf, batch } from '../support/batch.ts';
import { whileUncommitted, waitingBackends } from '../support/locks.ts';
import { agree, fieldsWithoutButton } from '../support/requester.ts';
import { ANSWERS, errorOf, deployment, stop } from './scene.ts';

const choices = ({ linkId }: Story): Record<string, string> =>
  Object.fromEntries(Object.entries(ANSWERS).map(([scope, effect]) => [`answer:${linkId}:${scope}`, effect]));
const connections = async ({ requester, owner }: Story) =>
  deployment.rows<{ ended: boolean }>(
    `select g.ended_at is not null as ended from oauth_grant g where g.client_id = $1 and g.subject = $2
      order by created_at`,
    [requester.clientId, owner.id],
  );
const everything = ({ owner }: Story) => owner.browser.submit('/apps', '/stop-everything');

/** What an app has begun with an owner ends with that owner's stop. PROTOCOL §7. */
export function pendingAuthorizations(): void {
  describe('what an app has begun beside a connection that its owner stops', () => {
    it.each([
      ['the connection', stop],
      ['everything', everything],
    ])('%s: a pushed request leads to nothing, opened before or after', async (_what, end) => {
      for (const opened of ['before', 'after']) {
        const by = await deployment.story(ANSWERS);
        const { path } = await by.requester.push();
        const fields = opened === 'before' ? fieldsWithoutButton((await by.owner.browser.get(path)).text) : null;
        expect((await end(by)).status).toBeLessThan(400);
        const answer =
          fields === null
            ? await agree(by.owner.browser, path, choices(by))
            : await by.owner.browser.post('/authorize', {
                ...fields,
                duration: 'open',
                decision: 'allow',
                ...choices(by),
              });
        expect(answer.onward ?? null).toBeNull();
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(await connections(by)).toEqual([{ ended: true }]);
      }
    });

    it.each([
      ['the connection', stop],
      ['everything', everything],
    ])('%s: whoever signed in days ago stops as well as anybody, and proves nothing first', async (_what, end) => {
      const by = await deployment.story(ANSWERS);
      await deployment.rows("update session set created_at = now() - interval '6 days' where account_id = $1", [
        by.owner.id,
      ]);
      expect((await end(by)).status).toBeLessThan(400);
      expect(await connections(by)).toEqual([{ ended: true }]);
    });

    it('a consent that waits for the stop to be committed leads to nothing', async () => {
      const by = await deployment.story(ANSWERS);
      const { path } = await by.requester.push();
      const ended = [`select oauth_end_grant($1, 'owner')`, [by.connection.id]] as const;
      const answer = await whileUncommitted(deployment, ended, async (commit) => {
        const pending = agree(by.owner.browser, path, choices(by));
        await waitingBackends(deployment);
        await commit();
        return pending;
      });
      expect(answer.onward ?? null).toBeNull();
      expect(await connections(by)).toEqual([{ ended: true }]);
    });

    it('a code that was not redeemed yields nothing', async () => {
      const by = await deployment.story(ANSWERS);
      const { path, verifier } = await by.requester.push();
      const agreed = await agree(by.owner.browser, path, choices(by));
      const code = new URL(agreed.onward ?? 'x:').searchParams.get('code') ?? '';
      expect((await stop(by)).status).toBe(303);
      await expect(by.requester.redeem(code, verifier)).rejects.toThrow(/400.*invalid_grant/s);
      expect(await connections(by)).toEqual([{ ended: true }, { ended: true }]);
    });

    it('another connection of it is ended with it, and what it was waiting for by deferral', async () => {
      const by = await deployment.story(ANSWERS);
      const beside = { ...by, connection: await deployment.connect({ ...by, answers: ANSWERS }) };
      const asked = await by.requester.transfer({
        connection: beside.connection,
        resource: deployment.host.resource,
        scope: 'photos.write',
        params: { completion_mode: 'deferred' },
      });
      expect(errorOf(asked)).toBe('400 authorization_pending');
      expect((await stop(by)).status).toBe(303);
      const polled = await by.requester.poll(String(asked.json['deferral_code']));
      expect(errorOf(polled)).toBe('400 invalid_grant');
      const still = await by.requester.transfer({
        connection: beside.connection,
        resource: deployment.host.resource,
        scope: 'photos.read',
      });
      expect(errorOf(still)).toBe('400 invalid_request');
    });

    it('a whole call that comes after the stop: 401 invalid_token', async () => {
      const by = await deployment.story(ANSWERS);
      const items = [{ id: 'a', resource: deployment.host.resource, scope: 'photos.read' }];
      expect(answersOf(await batch(deployment, by, { items }))).toEqual([expect.objectContaining({ status: 200 })]);
      expect((await stop(by)).status).toBe(303);
      expect(errorOf(await batch(deployment, by, { items }))).toBe('401 invalid_token');
    });

    it('of another app, or begun after it, goes on', async () => {
      const by = await deployment.story(ANSWERS);
      const other = { ...by, requester: deployment.requester() };
      const { path, verifier } = await other.requester.push();
      expect((await stop(by)).status).toBe(303);
      const agreed = await agree(by.owner.browser, path, choices(by));
      const code = new URL(agreed.onward ?? 'x:').searchParams.get('code') ?? '';
      expect((await other.requester.redeem(code, verifier)).accessToken).toMatch(/^cha_ct_/);
      expect((await deployment.connect({ ...by, answers: ANSWERS })).accessToken).toMatch(/^cha_ct_/);
      // a Requester that ends its own connection, as it does when it connects again, was not stopped
      const third = await other.requester.push();
      await deployment.rows(`select oauth_end_grant(id, 'client') from connection where client_id = $1`, [
        other.requester.clientId,
      ]);
      const anew = await agree(by.owner.browser, third.path, choices(by));
      expect(new URL(anew.onward ?? 'x:').searchParams.has('code')).toBe(true);
    });
  });
}
