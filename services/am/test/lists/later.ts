import { tokenFor } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { MANY } from '../support/plenty.ts';
import { deployment, hrefOf, other, owner } from './scene.ts';

/** What is not on the first page of a list. */
export function laterPages(): void {
  describe('what is not on the first page', () => {
    const OLDEST = 'con_mine-1';

    test('is an app like any other: it has its page, and its rules are changed there', async () => {
      const { browser } = owner;
      expect((await browser.get('/apps')).text).not.toContain(`/apps/${OLDEST}/`);
      const page = await browser.get(`/apps/${OLDEST}`);
      expect([page.status, page.words.includes('app of mine')]).toEqual([200, true]);
      const [field = ''] = /rule:[^"]*photos\.read/.exec(page.text) ?? [];
      const saved = await browser.submit(`/apps/${OLDEST}`, `/apps/${OLDEST}/rules`, { [field]: 'deny' });
      expect(saved.headers.location).toBe(`/apps/${OLDEST}?saved=yes`);
      const rules = await deployment.rows('select effect from rule where connection_id = $1 and expires_at is null', [
        OLDEST,
      ]);
      expect(rules).toEqual([{ effect: 'deny' }]);
    });

    test('is stopped from where it is listed, and its page then says what its Hosts know', async () => {
      const { browser } = owner;
      let path: string | undefined = '/apps';
      while (path !== undefined) {
        const { text } = await browser.get(path);
        if (text.includes(`/apps/${OLDEST}/stop`)) break;
        path = hrefOf(text, 'Older ones');
      }
      if (path === undefined) throw new Error('it is on no page');
      expect((await browser.submit(path, `/apps/${OLDEST}/stop`)).status).toBe(303);
      expect((await browser.get(`/apps/${OLDEST}`)).words).toContain('app of mine is stopped');
      const [grant] = await deployment.rows<{ ended: boolean }>(
        'select ended_at is not null as ended from oauth_grant where id = $1',
        [OLDEST],
      );
      expect(grant?.ended).toBe(true);
    });

    test('is an ended app that has its page, too, and of nobody else', async () => {
      const path = `/apps/gone_mine-${MANY}`;
      expect((await owner.browser.get(path)).words).toContain(`gone app mine ${MANY} is stopped`);
      expect((await other.browser.get(path)).status).toBe(404);
      expect((await other.browser.get('/apps/con_mine-2')).status).toBe(404);
    });

    test('is a link that is shown when it was renamed, and stopped from where it is listed', async () => {
      const { browser } = owner;
      const second = hrefOf((await browser.get('/hosts')).text, 'More services') ?? '';
      const { text } = await browser.get(second);
      const [, id = ''] = /action="\/hosts\/(link_[^"/]*)\/name"/.exec(text) ?? [];
      const renamed = await browser.submit(second, `/hosts/${id}/name`, { label: 'zebra' });
      expect(renamed.headers.location).toBe(`/hosts?renamed=${id}`);
      const shown = await browser.get(`/hosts?renamed=${id}`);
      expect(shown.words).toContain('is called “zebra” from now on');
      expect([...shown.text.matchAll(/action="\/hosts\/(link_[^"/]*)\/stop"/g)][0]?.[1]).toBe(id);
      expect((await other.browser.get(`/hosts?renamed=${id}`)).text).not.toContain('zebra');
      expect((await browser.submit(second, `/hosts/${id}/stop`)).status).toBe(303);
      expect((await browser.get('/hosts')).text.includes('<strong>zebra</strong>, ended')).toBe(true);
    });

    test('is on the front page where it needs somebody: Hosts that could not be told', async () => {
      await deployment.rows(`update revocation set state = 'failed', confirmed_at = null where link_id = $1`, [
        `gone_mine-${MANY}`,
      ]);
      expect((await owner.browser.get('/hosts')).text).not.toContain(`gone link mine ${MANY}<`);
      expect((await owner.browser.get('/')).words).toContain('could not be told of something you stopped');
    });

    test('ends with everything else, from whichever page it is stopped', async () => {
      const second = hrefOf((await other.browser.get('/apps')).text, 'Older ones') ?? '';
      expect(tokenFor((await other.browser.get(second)).text, '/stop-everything')).not.toBe('');
      expect((await other.browser.submit(second, '/stop-everything')).status).toBe(303);
      const left = await deployment.rows(
        `select id from connection where owner_id = $1 and ended_at is null union all select id from link
          where owner_id = $1 and state <> 'ended'`,
        [other.id],
      );
      expect(left).toEqual([]);
      expect((await other.browser.get(second)).words).toContain('No older ones');
    });
  });
}
