import { hiddenFields } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { ask, errorOf, fresh, pathOf } from './asking.ts';
import { deployment } from './deployment.ts';
import { defer, fresh as freshWaiter } from './waiting.ts';

const BOTH = 'photos.read photos.write';
const ONLY_A_PART = { error: 'access_denied', denied_by: 'am', requestable: true, allowed_scope: 'photos.read' };

/** Answers with only these scopes ticked. */
async function tick({ owner: { browser } }: Story, path: string, given: string, ticked: readonly string[]) {
  const form = hiddenFields((await browser.get(path)).text, path);
  return browser.post(path, {
    ...form,
    ...Object.fromEntries(ticked.map((scope) => [`scope:${scope}`, 'yes'])),
    answer: given,
  });
}

/** The owner may approve a part of what is asked for. PROTOCOL §3.7. */
export function partialApprovals(): void {
  describe('a yes to fewer scopes than were asked for', () => {
    it('is, once, for one transfer of exactly those, and the Requester hears which', async () => {
      const by = await fresh();
      const page = await tick(by, pathOf(await ask(by, BOTH)), 'once', ['photos.read']);
      expect(page.words).toContain('has to ask for just that');
      expect((await ask(by, BOTH)).json).toMatchObject(ONLY_A_PART);
      expect((await ask(by, 'photos.read')).status).toBe(200);
      expect(errorOf(await ask(by, 'photos.read'))).toBe('400 interaction_required');
      expect(errorOf(await ask(by, 'photos.write'))).toBe('400 interaction_required');
    });

    it('is in the activity with the part that it was for, and why the whole was refused afterwards', async () => {
      const by = await fresh();
      const { browser } = by.owner;
      await tick(by, pathOf(await ask(by, BOTH)), 'once', ['photos.read']);
      expect((await browser.get('/timeline')).words).toMatch(/: yes, this once, but only for a part: “[^”]+”\./);
      expect((await ask(by, BOTH)).json).toMatchObject(ONLY_A_PART);
      expect((await browser.get('/timeline')).words).toContain('you had said yes to a part of it only');
      const whole = await fresh();
      await tick(whole, pathOf(await ask(whole, BOTH)), 'once', ['photos.read', 'photos.write']);
      const ofThis = `/timeline?app=${encodeURIComponent(whole.requester.clientId)}`;
      expect((await whole.owner.browser.get(ofThis)).words).toMatch(/: yes, this once\. /);
    });

    it('is a rule for those alone when it is for an hour or always', async () => {
      for (const given of ['hour', 'always']) {
        const by = await fresh();
        await tick(by, pathOf(await ask(by, BOTH)), given, ['photos.read']);
        expect((await ask(by, BOTH)).json).toMatchObject(ONLY_A_PART);
        expect((await ask(by, 'photos.read')).status).toBe(200);
        expect((await ask(by, 'photos.read')).status).toBe(200);
        expect(errorOf(await ask(by, 'photos.write'))).toBe('400 interaction_required');
      }
    });

    it('holds off the question for the whole for ten minutes, and no longer', async () => {
      const by = await fresh();
      await tick(by, pathOf(await ask(by, BOTH)), 'once', ['photos.read']);
      await deployment.rows(`update ask set decided_at = decided_at - interval '10 minutes' where connection_id = $1`, [
        by.connection.id,
      ]);
      expect(errorOf(await ask(by, BOTH))).toBe('400 interaction_required');
    });

    it('ends what waits for the whole, and says so there', async () => {
      const by = await freshWaiter();
      const { json } = await defer(by, { scope: BOTH });
      await tick(by, new URL(String(json['interaction_uri'])).pathname, 'once', ['photos.read']);
      expect((await by.requester.poll(String(json['deferral_code']))).json).toMatchObject(ONLY_A_PART);
      expect((await ask(by, 'photos.read')).status).toBe(200);
    });

    it('is no answer when nothing is ticked; what was ticked is kept', async () => {
      const by = await fresh();
      const path = pathOf(await ask(by, BOTH));
      const refused = await tick(by, path, 'always', []);
      expect([refused.status, refused.words]).toEqual([400, expect.stringContaining('Nothing is ticked')]);
      expect(refused.text).not.toMatch(/name="scope:photos.read"[^>]*checked/);
      // a scope that was not asked for cannot be chosen
      expect((await tick(by, path, 'always', ['albums.read'])).status).toBe(400);
      expect((await by.owner.browser.get(path)).status).toBe(200);
    });

    it('does not narrow a no', async () => {
      const by = await fresh();
      await tick(by, pathOf(await ask(by, BOTH)), 'never', ['photos.read']);
      for (const scope of ['photos.read', 'photos.write'])
        expect(errorOf(await ask(by, scope))).toBe('400 access_denied');
    });
  });
}
