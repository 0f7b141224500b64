import { describe, expect, it } from '@jest/globals';
import { answersOf, batch, outcomesById } from '../support/batch.ts';
import { Signer } from '../support/terms.ts';
import { ask, deployment, offerAnew, offered, OFFERED, outcomeOf } from './scene.ts';

/** Which transfers a connection may make before and after it answered its owner's terms. PROTOCOL §10.4. */
export function transfers(): void {
  describe('a transfer', () => {
    it('before terms are answered is terms_required with the signed offer; after acceptance, a token', async () => {
      const story = await offered();
      const signer = new Signer(deployment, story);
      const refused = await ask(story);
      const proffer = String(refused.json['proffer']);
      expect(outcomeOf(refused)).toBe('400 terms_required');
      expect(refused.json['terms']).toEqual(signer.termsOf(proffer));
      expect(await signer.proffer()).toBe(proffer);
      expect(deployment.host.hops).toEqual([]);
      expect((await signer.accept()).status).toBe(200);
      expect(outcomeOf(await ask(story))).toBe('200 token');
      const [row] = await deployment.rows('select proffer_jti from transfer where connection_id = $1', [
        story.connection.id,
      ]);
      const claims: unknown = JSON.parse(Buffer.from(proffer.split('.')[1] ?? '', 'base64url').toString());
      expect(row).toEqual({ proffer_jti: (claims as { jti: string }).jti });
    });

    it('after they were declined is access_denied by the AM until the owner makes a fresh offer', async () => {
      const story = await offered();
      const signer = new Signer(deployment, story);
      const agreement = await signer.sign(await signer.proffer(), { declined: true });
      expect((await signer.call({ body: { agreement } })).json).toHaveProperty('agreement', agreement);
      const denied = await ask(story);
      expect([outcomeOf(denied), denied.json['denied_by']]).toEqual(['400 access_denied', 'am']);
      await offerAnew(story, { ...OFFERED });
      expect(outcomeOf(await ask(story))).toBe('400 terms_required');
    });

    it('denied by a rule stays denied, signed or not; one to be asked about is not asked about before', async () => {
      const story = await offered();
      await deployment.rows(`update rule set effect = 'deny' where connection_id = $1 and scope = 'photos.read'`, [
        story.connection.id,
      ]);
      expect(outcomeOf(await ask(story))).toBe('400 access_denied');
      expect(outcomeOf(await ask(story, { scope: 'photos.write' }))).toBe('400 terms_required');
      expect(await deployment.rows('select 1 from ask where connection_id = $1', [story.connection.id])).toEqual([]);
      await new Signer(deployment, story).accept();
      expect(outcomeOf(await ask(story, { scope: 'photos.write' }))).toBe('400 interaction_required');
    });

    it('about which the owner is asked says which terms the app has signed, and leads to them', async () => {
      const story = await offered();
      await new Signer(deployment, story).accept();
      const asked = await ask(story, { scope: 'photos.write' });
      const page = await story.owner.browser.get(new URL(String(asked.json['interaction_uri'])).pathname);
      expect(page.words).toContain('It has signed your terms: Only to serve me 1.0');
      expect(page.text).toContain('href="/terms/only-for-me/1.0"');
    });

    it('waiting with a deferral code polls terms_required, and its code is good after it has signed', async () => {
      const story = await offered({ terms: '' });
      const waiting = await ask(story, { scope: 'photos.write', params: { completion_mode: 'deferred' } });
      const code = String(waiting.json['deferral_code']);
      const due = () =>
        deployment.rows('update deferral set next_poll_at = now() where connection_id = $1', [story.connection.id]);
      await offerAnew(story, OFFERED);
      expect(outcomeOf(await story.requester.poll(code))).toBe('400 terms_required');
      await due();
      expect(outcomeOf(await story.requester.poll(code))).toBe('400 terms_required');
      await new Signer(deployment, story).accept();
      await due();
      expect(outcomeOf(await story.requester.poll(code))).toBe('400 authorization_pending');
      const asked = new URL(String(waiting.json['interaction_uri'])).pathname;
      await story.owner.browser.submit(asked, asked, { answer: 'once' });
      await due();
      expect(outcomeOf(await story.requester.poll(code))).toBe('200 token');
    });

    it('is one of a batch in which all but the denied get terms_required', async () => {
      const story = await offered(OFFERED, { 'photos.read': 'allow', 'photos.write': 'ask', 'albums.read': 'allow' });
      await deployment.rows(`update rule set effect = 'deny' where connection_id = $1 and scope = 'albums.read'`, [
        story.connection.id,
      ]);
      const items = ['photos.read', 'photos.write', 'albums.read'].map((scope) => ({
        id: scope,
        resource: deployment.host.resource,
        scope,
      }));
      const answers = answersOf(await batch(deployment, story, { items }));
      expect(outcomesById(answers)).toEqual({
        'photos.read': '400 terms_required',
        'photos.write': '400 terms_required',
        'albums.read': '400 access_denied',
      });
      expect(answers[0]).toHaveProperty('proffer', await new Signer(deployment, story).proffer());
    });
  });
}
