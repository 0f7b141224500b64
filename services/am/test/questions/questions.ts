import { hiddenFields } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { SCOPES } from '../support/host-script.ts';
import { ANSWERS, deployment } from './deployment.ts';
import { answer, ask, asked, errorOf, fresh, pathOf, slowly, story } from './asking.ts';

/** Which transfers lead to a question, and the page that puts it to the owner. */
export function questions(): void {
  describe('a transfer that needs the owner', () => {
    it('is interaction_required, with an address on the AM’s own origin and the scope that was asked for', async () => {
      const { status, json } = await ask();
      expect(status).toBe(400);
      expect(json).toEqual({
        error: 'interaction_required',
        error_description: expect.any(String),
        request_id: expect.stringMatching(/^[\w-]{12}$/),
        interaction_uri: expect.stringMatching(new RegExp(`^${deployment.issuer}/asks/[A-Za-z0-9_-]+$`)),
        scope: 'photos.write',
      });
      expect(deployment.host.hops).toEqual([]);
    });

    it('finds the same question when it is asked again, in any order of scopes, by either process', async () => {
      const first = await ask(story, 'photos.read photos.write');
      const second = await story.requester.transfer({
        connection: story.connection,
        resource: deployment.host.resource,
        scope: 'photos.write photos.read',
        port: deployment.ams[1].port,
      });
      expect(pathOf(second)).toBe(pathOf(first));
      expect(pathOf(await ask(story, 'photos.read'))).not.toBe(pathOf(first));
    });

    it('asks for the whole when one scope of several needs it', async () => {
      expect((await ask(story, 'albums.read photos.read')).json).toMatchObject({
        error: 'interaction_required',
        scope: 'albums.read photos.read',
      });
    });

    it('is 429 from the thirtieth new question of one app in an hour on, over all its connections', async () => {
      const bombing = await fresh();
      const again = await deployment.connect({ ...bombing, answers: ANSWERS });
      const both = [bombing.connection, again];
      await asked([bombing.connection.id], { count: 20, state: 'closed', at: 'now' });
      await asked([again.id], { count: 9, state: 'closed', at: 'now' });
      const last = await ask(bombing);
      expect(errorOf(last)).toBe('400 interaction_required');
      await answer(bombing.owner.browser, pathOf(last), 'not-now');
      for (const connection of both) {
        const refused = await ask({ ...bombing, connection });
        expect(errorOf(refused)).toBe('429 temporarily_unavailable');
        expect(refused.headers['retry-after']).toBeDefined();
      }
      // other connections may still ask, and an hour later this one may again
      expect(errorOf(await ask(await fresh()))).toBe('400 interaction_required');
      await deployment.rows(
        `update ask set created_at = created_at - interval '1 hour' where connection_id = any($1::text[])`,
        [both.map(({ id }) => id)],
      );
      expect(errorOf(await ask(bombing))).toBe('400 interaction_required');
    });

    it('has room for 40 open questions of one app, over all its connections', async () => {
      const many = await fresh();
      const others = [
        await deployment.connect({ ...many, answers: ANSWERS }),
        await deployment.connect({ ...many, answers: ANSWERS }),
      ];
      await asked(
        others.map(({ id }) => id),
        { count: 20, state: 'open', at: 'yesterday' },
      );
      expect(errorOf(await ask(many))).toBe('429 temporarily_unavailable');
      await deployment.rows(`update ask set state = 'closed' where connection_id = $1`, [others[0]?.id]);
      expect(errorOf(await ask(many))).toBe('400 interaction_required');
    });

    it('finds room for 20 open questions and not one more, however many ask at once at both processes', async () => {
      const all = Object.keys(SCOPES);
      const eager = await deployment.beside(story, Object.fromEntries(all.map((scope) => [scope, 'ask' as const])));
      await slowly(eager);
      const subsets = Array.from({ length: 31 }, (_, bits) =>
        all.filter((_scope, at) => ((bits + 1) >> at) & 1).join(' '),
      );
      const answers = await Promise.all(
        subsets.map((scope, at) =>
          eager.requester.transfer({
            connection: eager.connection,
            resource: deployment.host.resource,
            scope,
            port: deployment.ams[at % 2]?.port ?? 0,
          }),
        ),
      );
      const counts = Map.groupBy(answers, errorOf);
      expect([...counts].map(([error, { length }]) => `${error}: ${length}`).toSorted()).toEqual([
        '400 interaction_required: 20',
        '429 temporarily_unavailable: 11',
      ]);
      expect(counts.get('429 temporarily_unavailable')?.[0]?.headers['retry-after']).toBeDefined();
      // what has an open question may still be asked for
      const open = answers.find(({ status }) => status === 400);
      expect(errorOf(await ask(eager, String(open?.json['scope'])))).toBe('400 interaction_required');
    });
  });

  describe('the question', () => {
    it('is shown to its owner: who asks, what for, at which account, and why in its own words, inert', async () => {
      const named = await deployment.story({ 'photos.write': 'ask' }, { name: '<img src=x onerror=alert(1)>' });
      const path = pathOf(await ask(named, 'photos.write', '<script>alert(1)</script>'));
      const page = await named.owner.browser.get(path);
      expect(page.status).toBe(200);
      expect(page.text).not.toMatch(/<script>alert|<img src=x/);
      const text = page.words;
      for (const part of ['Add photos', 'photos.write', 'my Photos', '<script>alert(1)</script>', '<img src=x']) {
        expect(text).toContain(part);
      }
      // the app chose its name itself, but not the address and the verification that are shown with it
      const { clientId } = named.requester;
      for (const part of ['not verified', `at ${new URL(clientId).host}`, clientId]) expect(text).toContain(part);
    });

    it('says how often it was asked this week, when the last yes was, and when “not now” is no end', async () => {
      const often = await fresh();
      const { browser } = often.owner;
      const page = async () => (await browser.get(pathOf(await ask(often)))).words;
      expect(await page()).toContain('It has not asked you for this lately.');
      expect(await page()).toContain('does not say what for');
      await answer(browser, pathOf(await ask(often)), 'once');
      await deployment.rows(
        `update ask set state = 'used', created_at = created_at - interval '30 hours',
          decided_at = decided_at - interval '30 hours' where connection_id = $1`,
        [often.connection.id],
      );
      expect(await page()).toContain('Asked twice this week; your last yes was yesterday.');
      for (let n = 0; n < 3; n++) await answer(browser, pathOf(await ask(often)), 'not-now');
      const last = await page();
      expect(last).toContain('Asked 5 times this week');
      expect(last).toContain('You have said “not now” to this 3 times this week.');
    });

    it('is answered as it was shown: with other words of the Requester meanwhile it is shown again', async () => {
      const own = await fresh();
      const path = pathOf(await ask(own, 'photos.write', 'to keep a copy'));
      const { browser } = own.owner;
      const form = hiddenFields((await browser.get(path)).text, path);
      expect(pathOf(await ask(own, 'photos.write', 'to sell them'))).toBe(path);
      const again = await browser.post(path, { ...form, answer: 'always' });
      expect([again.status, again.words]).toEqual([
        400,
        expect.stringContaining('The question has changed since it was shown to you'),
      ]);
      expect(again.words).toContain('to sell them');
      expect((await answer(browser, path, 'not-now')).status).toBe(200);
    });

    it('does not exist for anybody else: one answer for another’s, an unknown and a malformed id', async () => {
      const path = pathOf(await ask());
      const other = await deployment.owner();
      const answers = [
        await other.browser.get(path),
        await other.browser.get('/asks/ask_AAAAAAAAAAAAAAAAAAAAAA'),
        await other.browser.get(`/asks/${'x'.repeat(90)}`),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
      expect(new Set(answers.map((page) => page.words)).size).toBe(1);
      expect((await other.browser.get('/asks/%00')).status).toBe(404);
      const posted = await other.browser.submit('/hosts', path, { answer: 'always' });
      expect(posted.status).toBe(404);
      expect(errorOf(await ask())).toBe('400 interaction_required');
    });

    it('sends whoever is not signed in to sign in, and tells them nothing', async () => {
      const path = pathOf(await ask());
      const nobody = (await deployment.owner()).browser;
      await nobody.submit('/', '/sign-out');
      const page = await nobody.get(path);
      expect(page.status).toBe(303);
      expect(page.headers.location).toBe(`/sign-in?return_to=${encodeURIComponent(path)}`);
    });

    it.each([
      ['no form token', {}, {}],
      ['another site’s origin', {}, { 'sec-fetch-site': 'cross-site' }],
    ])('is not answered by a form with %s', async (_what, fields, headers) => {
      const path = pathOf(await ask());
      const { browser } = story.owner;
      const refused = await browser.post(path, { answer: 'always', ...fields }, headers);
      expect(refused.status).toBe(403);
      expect((await browser.get(path)).status).toBe(200);
    });

    it('is shown again when the answer is none', async () => {
      const path = pathOf(await ask());
      expect((await answer(story.owner.browser, path, 'sure')).status).toBe(400);
      expect((await story.owner.browser.get(path)).status).toBe(200);
    });

    it('is gone when its connection or its link is stopped', async () => {
      const stopped = await fresh();
      const { browser } = stopped.owner;
      const path = pathOf(await ask(stopped));
      await browser.submit('/apps', `/apps/${stopped.connection.id}/stop`);
      expect((await browser.get(path)).status).toBe(404);
      const unlinked = await deployment.story(ANSWERS);
      const gone = pathOf(await ask(unlinked));
      await unlinked.owner.browser.submit('/hosts', `/hosts/${unlinked.linkId}/stop`);
      expect((await unlinked.owner.browser.get(gone)).status).toBe(404);
    });

    it('is gone when it was not answered in its time, and asking again brings it back', async () => {
      const late = await fresh();
      const path = pathOf(await ask(late));
      await deployment.rows(`update ask set expires_at = now() - interval '1 second' where connection_id = $1`, [
        late.connection.id,
      ]);
      expect((await late.owner.browser.get(path)).status).toBe(404);
      const again = pathOf(await ask(late));
      expect((await late.owner.browser.get(again)).status).toBe(200);
    });
  });
}
