import { describe, expect, test } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { exchange } from '../support/requester.ts';
import type { Past } from '../support/past.ts';
import { asked, deployment, story, stranger } from './scene.ts';

/** Why a token was issued, or refused. */
export function why(): void {
  describe('“Why?”', () => {
    const why = async (past: Partial<Past> & { of: Story }) => {
      const [id] = await asked({ at: '2026-03-07T10:00Z', ...past });
      return past.of.owner.browser.get(`/timeline/${id}`);
    };

    test.each<[string, string, string, string | null]>([
      ['refused', 'denied', 'itself said no', 'Look at Photos'],
      ['refused', 'bad_scope', 'shares less through here', 'Link Photos anew'],
      ['refused', 'broken', 'no longer honours the link', 'Link Photos anew'],
      ['refused', 'bad_target', 'does not know', null],
      ['failed', 'timeout', 'did not answer in time', 'Test Photos'],
      ['failed', 'unreachable', 'could not be reached', 'Test Photos'],
      ['failed', 'odd cnf', 'not what was asked for', 'Test Photos'],
      ['failed', 'lost', 'This server stopped', null],
      ['withheld', 'stopped', 'was stopped while the key was under way', null],
      ['withheld', 'terms', 'other terms while the key was under way', 'What Lifestream may do'],
      ['withheld', 'gone', 'did not wait', null],
      ['withheld', 'late', 'too slow', null],
    ])('of what was %s (%s) says the reason, and has what would mend it', async (state, error, sentence, mend) => {
      const { status, words, text } = await why({ of: story, state, error });
      expect([status, words]).toEqual([200, expect.stringContaining(sentence)]);
      const buttons = [...text.matchAll(/<main[\s\S]*<\/main>/g)].join('').replace(/<details[\s\S]*?<\/details>/g, '');
      if (mend === null) expect(buttons).not.toContain('<form');
      else expect(words).toContain(mend);
      expect(words).toContain(error);
    });

    test('says who asked for what, where, and that the Host has confirmed that it is over', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
      const resource = deployment.host.resource;
      expect((await by.requester.transfer({ connection: by.connection, resource, scope: 'photos.read' })).status).toBe(
        200,
      );
      const [row] = await deployment.rows<{ id: string }>('select id from transfer where connection_id = $1', [
        by.connection.id,
      ]);
      const at = `/timeline/${row?.id}`;
      const before = await by.owner.browser.get(at);
      for (const said of [
        'Why it got one',
        'without being asked',
        by.requester.clientId,
        resource,
        'See your photos (photos.read)',
        'my Photos',
      ])
        expect(before.words).toContain(said);
      await by.owner.browser.submit(`/apps/${by.connection.id}`, `/apps/${by.connection.id}/stop`);
      expect((await by.owner.browser.get(at)).words).toContain('Lifestream was stopped');
      await deployment.rows(
        `update revocation set state = 'confirmed', confirmed_at = now() where connection_id = $1`,
        [by.connection.id],
      );
      expect((await by.owner.browser.get(at)).words).toContain('Photos confirmed it on');
    });

    test('is its owner’s alone: another’s, an unknown and a malformed id are one answer, to nobody else', async () => {
      const [id = ''] = await asked({ of: stranger, at: '2026-03-07T11:00Z' });
      for (const other of [id, `${id}0`, 'x', 'tr_', '%00', `${id}'--`])
        expect([other, (await story.owner.browser.get(`/timeline/${other}`)).status]).toEqual([other, 404]);
      const { status, headers } = await exchange(deployment.ams[0].port, { method: 'GET', path: `/timeline/${id}` });
      expect([status, headers.location]).toEqual([303, expect.stringContaining('/sign-in')]);
    });

    test('shows names as text', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' });
      await deployment.rows(`update connection set client_name = '<img src=x onerror=alert(1)>' where id = $1`, [
        by.connection.id,
      ]);
      await deployment.rows(`update link set label = '"><script>alert(1)</script>' where id = $1`, [by.linkId]);
      expect((await why({ of: by, state: 'failed', error: '<svg onload=alert(1)>' })).text).not.toMatch(
        /<img|<script|<svg/,
      );
    });
  });
}
