import { describe, expect, test } from '@jest/globals';
import { gate } from '../support/scripted-host.ts';
import { agreed, consent, deployment, lifestream, linkOf, NOT_LINKED, newsFor, push } from './scene.ts';

/** The owner agrees to connection and link together, or refuses one of the two. */
export function ownersAnswers(): void {
  describe('connection and link', () => {
    test('the consent page shows both, and the Host hears nothing before the Requester redeems its code', async () => {
      const owner = await deployment.owner();
      const { path, verifier, hostGrant } = await push();
      const page = (await owner.browser.get(path)).words;
      expect(page).toContain('Connect Lifestream?');
      expect(page).toContain('Link Photos as one of my services?');
      expect(page).toContain(new URL(deployment.host.issuer).host);
      const { query } = await consent(owner, path, { host_half: 'link' });
      expect([...query.keys()].toSorted()).toEqual(['code', 'iss', 'state']);
      expect(deployment.host.redemptions).toEqual([]);

      await lifestream.redeem(query.get('code') ?? '', verifier);
      const [redemption] = deployment.host.redemptions;
      expect([redemption?.form.get('code'), redemption?.form.get('code_verifier')]).toEqual([hostGrant, verifier]);
      expect(redemption?.form.get('redirect_uri')).toContain(`${deployment.issuer}/callback/`);
      expect(deployment.host.faults).toEqual([]);
      expect(await linkOf(owner)).toMatchObject([{ state: 'active', label: 'my Photos' }]);
      const timeline = await newsFor(owner);
      expect(timeline).toContain('You connected Lifestream.');
      expect(timeline).toContain('You linked Photos');
      expect(timeline).not.toContain(NOT_LINKED);
    });

    test('the grant is kept encrypted from the request to its end', async () => {
      const owner = await deployment.owner();
      const { path, verifier, hostGrant } = await push();
      const stored = () =>
        deployment.rows<{ text: string }>(
          `select (select string_agg(r::text, ' ') from oauth_request r) as text union all
           select string_agg(encode(host_grant, 'escape'), ' ') from host_half union all
           select string_agg(encode(answer, 'escape') || encode(verifier, 'escape'), ' ') from link_attempt`,
        );
      const clear = async () => JSON.stringify(await stored()).includes(hostGrant);
      expect(await clear()).toBe(false);
      const { query } = await consent(owner, path, { host_half: 'link' });
      expect(await clear()).toBe(false);
      expect(await deployment.rows('select 1 from host_half')).toHaveLength(1);
      const { opened, open } = gate();
      deployment.host.script.redeem = async (_call, link) => (await opened, { json: link() });
      const redeeming = lifestream.redeem(query.get('code') ?? '', verifier);
      await deployment.host.until(() => deployment.host.redemptions.length === 1);
      expect([await clear(), await deployment.rows('select 1 from host_half')]).toEqual([false, []]);
      open();
      await redeeming;
    });
  });

  describe('connection and link can each be refused alone', () => {
    test('the Host: a connection as any other, and the Host hears nothing', async () => {
      const owner = await deployment.owner();
      const linkId = await deployment.link(owner);
      deployment.host.redemptions.length = 0;
      const { path, verifier } = await push();
      const fields = { [`answer:${linkId}:photos.read`]: 'allow', host_half: 'no' };
      const { query } = await consent(owner, path, fields);
      await lifestream.redeem(query.get('code') ?? '', verifier);
      expect(deployment.host.redemptions).toEqual([]);
      expect(await linkOf(owner)).toHaveLength(1);
    });

    test('the connection: it shows nothing, and the Host is linked', async () => {
      const { owner, redeem } = await agreed();
      const { accessToken } = await redeem();
      expect(await linkOf(owner)).toHaveLength(1);
      const { resource } = deployment.host;
      const asked = await lifestream.transfer({ connection: { accessToken }, resource, scope: 'photos.read' });
      expect(asked.json['error']).toBe('invalid_target');
    });

    test('both: access_denied, whether by the button or by two times no; neither is no answer', async () => {
      const owner = await deployment.owner();
      for (const fields of [{ host_half: 'no' }, { decision: 'deny' }]) {
        const { query } = await consent(owner, (await push()).path, fields);
        expect(query.get('error')).toBe('access_denied');
      }
      const { answer } = await consent(owner, (await push()).path, {});
      expect([answer.status, answer.words.includes('Say whether Photos is to be linked')]).toEqual([400, true]);
      const { path } = await deployment.requester().push();
      const plain = await consent(owner, path, { host_half: 'link' });
      expect(plain.answer.status).toBe(400);
      expect(deployment.host.redemptions).toEqual([]);
      expect(await linkOf(owner)).toEqual([]);
    });
  });
}
