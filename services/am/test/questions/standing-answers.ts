import { describe, expect, it } from '@jest/globals';
import { deployment } from './deployment.ts';
import { answer, ask, errorOf, fresh, pathOf, story } from './asking.ts';
import { wait } from './waiting.ts';

/** What holds after an answer, and where the owner continues. */
export function standingAnswers(): void {
  describe('"for 1 hour"', () => {
    it('is a rule that ends by itself, by the database’s clock, and then the owner is asked again', async () => {
      const by = await fresh();
      await answer(by.owner.browser, pathOf(await ask(by)), 'hour');
      expect((await ask(by)).status).toBe(200);
      expect((await ask(by)).status).toBe(200);
      const rule = `connection_id = '${by.connection.id}' and scope = 'photos.write' and expires_at > now()`;
      const left = 'extract(epoch from expires_at - now())::float8';
      expect(
        await deployment.rows(`select effect, ${left} between 3000 and 3600 as hour from rule where ${rule}`),
      ).toEqual([{ effect: 'allow', hour: true }]);
      await deployment.rows(`update rule set expires_at = now() where ${rule}`);
      expect(errorOf(await ask(by))).toBe('400 interaction_required');
    });

    it('ends with its connection where that ends sooner', async () => {
      const by = await fresh();
      const short = await deployment.connect({
        ...by,
        answers: { 'photos.write': 'ask' },
        fields: { duration: 'hour' },
      });
      await deployment.rows(`update connection set expires_at = now() + interval '10 minutes' where id = $1`, [
        short.id,
      ]);
      await answer(by.owner.browser, pathOf(await ask({ ...by, connection: short })), 'hour');
      expect(
        await deployment.rows(
          `select r.expires_at = c.expires_at as together from rule r join connection c on c.id = r.connection_id
           where c.id = $1 and r.scope = 'photos.write' and r.expires_at > now() and r.effect = 'allow'`,
          [short.id],
        ),
      ).toEqual([{ together: true }]);
    });
  });

  describe('"block this app"', () => {
    it('ends all its connections and every question of its, and leads to what its Hosts confirm', async () => {
      const by = await fresh();
      const other = await deployment.connect({ ...by, answers: { 'photos.write': 'ask' } });
      const [here, there] = [pathOf(await ask(by)), pathOf(await ask({ ...by, connection: other }))];
      const { browser } = by.owner;
      const blocked = await answer(browser, here, 'block');
      expect([blocked.status, blocked.headers.location]).toEqual([303, `/apps/${by.connection.id}`]);
      expect((await browser.get(`/apps/${by.connection.id}`)).words).toContain('is stopped');
      expect((await browser.get(there)).status).toBe(404);
      for (const connection of [by.connection, other])
        expect(errorOf(await ask({ ...by, connection }))).toBe('400 invalid_request');
      // other connections of the same owner continue
      expect(errorOf(await ask(story))).toBe('400 interaction_required');
    });

    it('needs the question as it was shown, as every answer', async () => {
      const by = await fresh();
      const path = pathOf(await ask(by, 'photos.write', 'one thing'));
      const { browser } = by.owner;
      const refused = await browser.submit(path, path, { answer: 'block', shown: 'something else' });
      expect(refused.status).toBe(400);
      expect(errorOf(await ask(by))).toBe('400 interaction_required');
      const other = (await deployment.owner()).browser;
      expect((await other.submit('/hosts', path, { answer: 'block' })).status).toBe(404);
      expect(errorOf(await ask(by))).toBe('400 interaction_required');
    });
  });

  describe('the page after an answer', () => {
    it('leads back to the app at the origin that its codes go to, and to no other', async () => {
      const home = deployment.documents.origin;
      const pages: [string | undefined, string][] = [
        [undefined, `${home}/`],
        [`${home}/start?here=1`, `${home}/start?here=1`],
        ['https://elsewhere.example/', `${home}/`],
      ];
      for (const [clientUri, leadsTo] of pages) {
        const by = await deployment.beside(
          story,
          { 'photos.write': 'ask' },
          clientUri === undefined ? {} : { document: { client_uri: clientUri } },
        );
        const page = await answer(by.owner.browser, pathOf(await ask(by)), 'once');
        expect(page.words).toContain('try again there');
        expect(page.text).toContain(`href="${leadsTo}"`);
        expect(page.text).not.toContain('elsewhere');
      }
    });

    it('leads nowhere for a program on somebody’s computer', async () => {
      const by = await fresh();
      await deployment.rows(`update connection set redirect_uri = 'http://127.0.0.1:4711/back' where id = $1`, [
        by.connection.id,
      ]);
      const page = await answer(by.owner.browser, pathOf(await ask(by)), 'once');
      expect(page.text).not.toContain('127.0.0.1:4711/back');
      expect(page.words).not.toContain('Back to');
    });

    it('says that an app which waits goes on by itself', async () => {
      const by = await wait();
      const { words } = await by.answer('once');
      expect(words).toContain('goes on by itself');
      expect((await by.poll()).status).toBe(200);
    });
  });
}
