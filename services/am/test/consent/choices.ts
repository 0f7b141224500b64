import { describe, expect, it } from '@jest/globals';
import { agree, fieldsWithoutButton } from '../support/requester.ts';
import { deployment, linkId, NOTHING, owner, requester, rowsOf, timeline } from './scene.ts';

/** What the owner can choose, and what follows from it. */
export function choices(): void {
  describe('consent', () => {
    it('makes a connection of exactly what was chosen', async () => {
      const before = (await timeline()).length;
      await deployment.connect({ owner, requester, linkId, answers: { 'photos.read': 'allow', 'albums.read': 'ask' } });
      const { connections, shown, rules } = await rowsOf(requester);
      expect(connections).toEqual([
        expect.objectContaining({
          owner_id: owner.id,
          client_name: 'Reader',
          expires_at: null,
          grant_expires_at: null,
        }),
      ]);
      expect(shown).toEqual([{ link_id: linkId, scopes: ['photos.read', 'albums.read'] }]);
      expect(rules).toEqual([
        { scope: 'photos.read', effect: 'allow', link_id: linkId, expires_at: null },
        { scope: 'albums.read', effect: 'ask', link_id: linkId, expires_at: null },
      ]);
      expect(await timeline()).toHaveLength(before + 1);
    });

    it('is refused without leaving a row, and the Requester is told', async () => {
      const { path } = await requester.push();
      const answer = await agree(owner.browser, path, { decision: 'deny', [`answer:${linkId}:photos.read`]: 'allow' });
      expect(answer.status).toBe(200);
      const back = new URL(answer.onward ?? '');
      expect(Object.fromEntries(back.searchParams)).toMatchObject({
        error: 'access_denied',
        iss: deployment.issuer,
        state: 'a-state',
      });
      expect(back.searchParams.get('code')).toBeNull();
      expect(await rowsOf(requester)).toEqual(NOTHING);
    });

    it.each<[string, () => Promise<Record<string, string>>]>([
      ['nothing chosen', async () => ({})],
      [
        'two accounts at one Host',
        async () => ({
          [`answer:${linkId}:photos.read`]: 'allow',
          [`answer:${await deployment.link(owner)}:photos.read`]: 'ask',
        }),
      ],
      [
        'an account of another owner',
        async () => ({ [`answer:${await deployment.link(await deployment.owner())}:photos.read`]: 'allow' }),
      ],
      ['an account that is none', async () => ({ 'answer:link_x:photos.read': 'allow' })],
      ['a scope the Host does not let the AM hand on', async () => ({ [`answer:${linkId}:everything`]: 'allow' })],
      ['an answer that is none', async () => ({ [`answer:${linkId}:photos.read`]: 'deny' })],
      ['a time that is none', async () => ({ [`answer:${linkId}:photos.read`]: 'allow', duration: 'century' })],
      ['no decision', async () => ({ [`answer:${linkId}:photos.read`]: 'allow', decision: '' })],
    ])('with %s shows the page again and leaves no row', async (_what, fields) => {
      const { path } = await requester.push();
      const answer = await agree(owner.browser, path, await fields());
      expect(answer.status).toBe(400);
      expect(answer.onward).toBeUndefined();
      expect(fieldsWithoutButton(answer.text)).toHaveProperty('request_uri');
      expect(await rowsOf(requester)).toEqual(NOTHING);
    });

    it('leaves out whatever was not offered: another owner’s account, scopes beyond the ceiling', async () => {
      const theirs = await deployment.link(await deployment.owner());
      await deployment.connect({
        owner,
        requester,
        linkId,
        answers: { 'photos.read': 'allow', everything: 'allow' },
        fields: { [`answer:${theirs}:photos.write`]: 'allow' },
      });
      const { shown, rules } = await rowsOf(requester);
      expect(shown).toEqual([{ link_id: linkId, scopes: ['photos.read'] }]);
      expect(rules).toEqual([{ scope: 'photos.read', effect: 'allow', link_id: linkId, expires_at: null }]);
    });

    it.each([
      ['hour', 3_600],
      ['today', 86_400],
      ['month', 30 * 86_400],
    ])('for %s ends the connection, its grant and its rules together', async (duration, seconds) => {
      await deployment.connect({ owner, requester, linkId, answers: { 'photos.read': 'allow' }, fields: { duration } });
      const { connections, rules } = await rowsOf(requester);
      const ends = [
        ...connections.flatMap((row) => [row['expires_at'], row['grant_expires_at']]),
        ...rules.map((row) => row['expires_at']),
      ];
      expect(ends).toHaveLength(3);
      for (const end of ends) {
        const left = ((end as Date).getTime() - Date.now()) / 1000;
        expect(Math.abs(left - seconds)).toBeLessThan(60);
      }
    });
  });
}
