import { createVerifier } from '@chatelaine/crypto';
import { send } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { reapPendingLinks } from '../../src/combined-registration/pending-link-store.ts';
import { fieldsWithoutButton } from '../support/requester.ts';
import { consent, deployment, lifestream, linkOf, push } from './scene.ts';

/** Consent counts only for what this owner was shown. */
export function changesSinceShown(): void {
  test('an owner agrees to what was shown: a Requester renamed meanwhile is shown again, nothing is made', async () => {
    const owner = await deployment.owner();
    const { path } = await push();
    const page = await owner.browser.get(path);
    const { port: where, pathname } = new URL(lifestream.clientId);
    const { json } = await send(Number(where), { path: pathname });
    deployment.documents.publish(pathname, { ...json, client_name: 'Your Bank' });
    await deployment.rows('update oauth_document set fresh_until = now() where url = $1', [lifestream.clientId]);
    // at a process that has not read the document before
    const { port } = await deployment.another();
    const form = { ...fieldsWithoutButton(page.text), duration: 'open', decision: 'allow', host_half: 'link' };
    const answer = await owner.browser.at(port).post('/authorize', form);
    expect(answer.status).toBe(400);
    expect(answer.words).toContain('Something on this page has changed since it was shown to you');
    expect(answer.words).toContain('Connect Your Bank?');
    expect(await linkOf(owner)).toEqual([]);
    deployment.documents.publish(pathname, json);
    await deployment.rows('update oauth_document set fresh_until = now() where url = $1', [lifestream.clientId]);
  });

  test('a Host that names another client by the time the owner agrees is not linked, and they are told', async () => {
    const owner = await deployment.owner();
    const { path } = await push();
    const page = await owner.browser.get(path);
    deployment.host.script.metadata = (metadata) => ({
      ...metadata,
      chatelaine_requester: 'https://other.example/client',
    });
    // at a process that has not read the document before
    const { port } = await deployment.another();
    const form = { ...fieldsWithoutButton(page.text), duration: 'open', decision: 'allow', host_half: 'link' };
    const answer = await owner.browser.at(port).post('/authorize', form);
    expect([answer.status, answer.words.includes('Photos cannot be linked right now')]).toEqual([400, true]);
  });

  describe('somebody else’s authorize URL', () => {
    test('agreed to by a victim, comes to nothing: the code is never redeemed, nothing went to the Host', async () => {
      const victim = await deployment.owner();
      const { path } = await push();
      const { query } = await consent(victim, path, { host_half: 'link' });
      // the Requester refuses the code in the victim's session, and an attacker who tries to redeem it fails
      await expect(lifestream.redeem(query.get('code') ?? '', createVerifier())).rejects.toThrow('invalid_grant');
      await expect(lifestream.redeem(query.get('code') ?? '', createVerifier())).rejects.toThrow('invalid_grant');
      expect(deployment.host.redemptions).toEqual([]);
      expect(await linkOf(victim)).toEqual([]);
      await deployment.rows(`update host_half set created_at = now() - interval '6 minutes'`);
      expect(await reapPendingLinks(deployment)).toBeGreaterThan(0);
    });
  });
}
