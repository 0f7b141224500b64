import { describe, expect, it } from '@jest/globals';
import { hiddenFields } from '@chatelaine/test-kit';
import { whileLocked, waitingBackends } from '../support/locks.ts';
import { deployment } from './deployment.ts';
import { answer, ask, errorOf, fresh, pathOf, story } from './asking.ts';

/** The effect of each of the owner's answers. */
export function answers(): void {
  describe('"allow once"', () => {
    it('lets exactly one transfer of exactly these scopes through', async () => {
      const once = await fresh();
      await answer(once.owner.browser, pathOf(await ask(once)), 'once');
      expect(errorOf(await ask(once, 'photos.read'))).toBe('400 interaction_required');
      expect(errorOf(await ask(once, 'photos.read photos.write'))).toBe('400 interaction_required');
      expect((await ask(once)).status).toBe(200);
      expect(errorOf(await ask(once))).toBe('400 interaction_required');
      expect(deployment.host.minted.filter(({ clientId }) => clientId === once.requester.clientId)).toHaveLength(1);
    });

    it('is good for ten minutes by the database’s clock', async () => {
      const late = await fresh();
      await answer(late.owner.browser, pathOf(await ask(late)), 'once');
      const [{ left } = { left: 0 }] = await deployment.rows<{ left: number }>(
        `select extract(epoch from expires_at - now())::float8 as left from ask
          where connection_id = $1 and state = 'approved'`,
        [late.connection.id],
      );
      expect(left).toBeGreaterThan(590);
      expect(left).toBeLessThanOrEqual(600);
      await deployment.rows(`update ask set expires_at = now() - interval '1 second' where connection_id = $1`, [
        late.connection.id,
      ]);
      expect(errorOf(await ask(late))).toBe('400 interaction_required');
    });

    it('is not good for another connection of the same Requester', async () => {
      const first = await fresh();
      const second = {
        ...first,
        connection: await deployment.connect({ ...first, answers: { 'photos.write': 'ask' } }),
      };
      await answer(first.owner.browser, pathOf(await ask(first)), 'once');
      expect(errorOf(await ask(second))).toBe('400 interaction_required');
    });

    it('is spent by a transfer that the Host refused', async () => {
      const spent = await fresh();
      await answer(spent.owner.browser, pathOf(await ask(spent)), 'once');
      deployment.host.script.transfer = () => ({ status: 400, json: { error: 'access_denied' } });
      expect(errorOf(await ask(spent))).toBe('400 access_denied');
      deployment.host.script = {};
      expect(errorOf(await ask(spent))).toBe('400 interaction_required');
    });

    it('is no longer good once the connection is stopped', async () => {
      const stopped = await fresh();
      await answer(stopped.owner.browser, pathOf(await ask(stopped)), 'once');
      await stopped.owner.browser.submit('/apps', `/apps/${stopped.connection.id}/stop`);
      expect(errorOf(await ask(stopped))).toBe('400 invalid_request');
      expect(deployment.host.hops).toEqual([]);
    });
  });

  describe('the other answers', () => {
    it('"always" writes a rule: no more questions for these scopes, and only these', async () => {
      const always = await fresh();
      const page = await answer(always.owner.browser, pathOf(await ask(always)), 'always');
      expect(page.status).toBe(200);
      expect((await ask(always)).status).toBe(200);
      expect((await ask(always)).status).toBe(200);
      expect(errorOf(await ask(always, 'photos.read'))).toBe('400 interaction_required');
    });

    it('"never" writes a rule: denied by the AM, without a question', async () => {
      const never = await fresh();
      const path = pathOf(await ask(never));
      await answer(never.owner.browser, path, 'never');
      const denied = await ask(never);
      expect(denied.json).toMatchObject({ error: 'access_denied', denied_by: 'am', requestable: false });
      expect(errorOf(await ask(never, 'photos.read photos.write'))).toBe('400 access_denied');
      expect((await ask(never, 'albums.read')).status).toBe(200);
    });

    it('"not now" only closes the question', async () => {
      const later = await fresh();
      const path = pathOf(await ask(later));
      await answer(later.owner.browser, path, 'not-now');
      const again = await ask(later);
      expect(errorOf(again)).toBe('400 interaction_required');
      expect(pathOf(again)).not.toBe(path);
    });

    it('last as long as the connection does, when they are rules', async () => {
      const ending = story;
      const monthly = await deployment.connect({
        ...ending,
        answers: { 'photos.write': 'ask' },
        fields: { duration: 'month' },
      });
      await answer(ending.owner.browser, pathOf(await ask({ ...ending, connection: monthly })), 'always');
      expect(
        await deployment.rows(
          `select effect, r.expires_at = c.expires_at as together from rule r
            join connection c on c.id = r.connection_id
           where c.id = $1 and r.scope = 'photos.write' and r.expires_at > now()`,
          [monthly.id],
        ),
      ).toEqual([{ effect: 'allow', together: true }]);
    });

    it('count once: the second answer finds nothing to answer, and changes nothing', async () => {
      const twice = await fresh();
      const { browser } = twice.owner;
      const path = pathOf(await ask(twice));
      const form = hiddenFields((await browser.get(path)).text, path);
      const answers = await Promise.all([
        browser.post(path, { ...form, answer: 'always' }),
        browser.at(deployment.ams[1].port).post(path, { ...form, answer: 'always' }),
        browser.post(path, { ...form, answer: 'always' }),
      ]);
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404, 404]);
      expect(answers.map((page) => page.words).filter((text) => text.includes('Nothing to answer here'))).toHaveLength(
        2,
      );
      expect((await browser.post(path, { ...form, answer: 'never' })).status).toBe(404);
      expect((await ask(twice)).status).toBe(200);
      expect(
        await deployment.rows(
          `select 1 as one from timeline_entry where kind = 'ask_answered' and data->>'connection' = $1`,
          [twice.connection.id],
        ),
      ).toEqual([{ one: 1 }]);
    });

    it('and a stop never wait for each other: both come through', async () => {
      const raced = await fresh();
      const { browser } = raced.owner;
      const path = pathOf(await ask(raced));
      const form = hiddenFields((await browser.get(path)).text, path);
      const [stopped, answered] = await whileLocked(
        deployment,
        `select 1 from owner where id = '${raced.owner.id}' for update`,
        async (release) => {
          const stopping = browser
            .at(deployment.ams[1].port)
            .post(`/apps/${raced.connection.id}/stop`, { _csrf: form['_csrf'] });
          await waitingBackends(deployment, 1);
          const answering = browser.post(path, { ...form, answer: 'always' });
          await waitingBackends(deployment, 2);
          await release();
          return Promise.all([stopping, answering]);
        },
      );
      expect([200, 404]).toContain(answered.status);
      expect(stopped.status).toBe(303);
      expect(errorOf(await ask(raced))).toBe('400 invalid_request');
      expect(
        await deployment.rows('select deadlocks::int from pg_stat_database where datname = current_database()'),
      ).toEqual([{ deadlocks: 0 }]);
    });
  });
}
