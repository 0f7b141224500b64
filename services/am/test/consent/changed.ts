import { send } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { type Requester, fieldsWithoutButton } from '../support/requester.ts';
import { deployment, NOTHING, owner, requester, rowsOf } from './scene.ts';

/** Consent counts only for what was shown. */
export function changesSinceShown(): void {
  describe('consent', () => {
    describe('counts for what was shown', () => {
      const CHANGED = 'Something on this page has changed since it was shown to you';

      it.each<[string, (link: string) => Promise<unknown>, string]>([
        ['the name of the Requester', () => rename(requester, 'Your Bank'), 'Connect Your Bank?'],
        ['what an account can share', (link) => setCeiling(link, ['photos.read', 'photos.write']), 'Add photos'],
        ['the name of an account', (link) => setLabel(link, 'another one'), 'Photos: another one'],
        ['another account', () => deployment.link(owner), 'You have'],
      ])('%s: changed meanwhile it is shown again, as it is now, and then agreed to', async (_what, change, says) => {
        const link = await deployment.link(owner);
        await setCeiling(link, ['photos.read']);
        const { path } = await requester.push();
        const page = await owner.browser.get(path);
        await change(link);
        const chosen = {
          [`all:${link}`]: 'allow',
          [`answer:${link}:photos.read`]: '',
          duration: 'open',
          decision: 'allow',
        };
        // the other process has not read this Requester's document yet
        const other = owner.browser.at(deployment.ams[1].port);
        const again = await other.post('/authorize', { ...fieldsWithoutButton(page.text, '/authorize'), ...chosen });
        expect(again.status).toBe(400);
        for (const part of [CHANGED, says]) expect(again.words).toContain(part);
        expect(await rowsOf(requester)).toEqual(NOTHING);
        const agreed = await other.post('/authorize', { ...fieldsWithoutButton(again.text, '/authorize'), ...chosen });
        expect(agreed.onward).toContain('code=');
        expect(await rowsOf(requester)).toMatchObject({ shown: [{ link_id: link }] });
      });

      it('the terms the owner asks for: changed meanwhile, it is shown again and nothing is agreed to', async () => {
        const other = await deployment.owner();
        const link = await deployment.link(other);
        const page = await other.browser.get((await requester.push()).path);
        await deployment.rows(`update owner set terms = '{no-training/1.0}' where id = $1`, [other.id]);
        const chosen = { [`answer:${link}:photos.read`]: 'allow', duration: 'open', decision: 'allow' };
        const again = await other.browser.post('/authorize', {
          ...fieldsWithoutButton(page.text, '/authorize'),
          ...chosen,
        });
        expect([again.status, again.words]).toEqual([400, expect.stringContaining(CHANGED)]);
        expect(await rowsOf(requester)).toEqual(NOTHING);
      });

      const setCeiling = (link: string, scopes: readonly string[]) =>
        deployment.rows('update link set transfer_scope = $2 where id = $1', [link, scopes]);
      const setLabel = (link: string, label: string) =>
        deployment.rows('update link set label = $2 where id = $1', [link, label]);
      async function rename({ clientId }: Requester, name: string): Promise<void> {
        const { port, pathname } = new URL(clientId);
        const { json } = await send(Number(port), { path: pathname });
        deployment.documents.publish(pathname, { ...json, client_name: name });
        await deployment.rows('update oauth_document set fresh_until = now() where url = $1', [clientId]);
      }
    });
  });
}
