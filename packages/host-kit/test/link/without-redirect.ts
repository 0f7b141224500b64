import { challengeOf, createVerifier } from '@chatelaine/crypto';
import { describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
import type { TestAm } from '../support/test-am.ts';
import { world, host } from './scene.ts';

const REQUESTER = 'https://lifestream.example/client';

/** What the app does when an owner has ticked "and share what I keep here". */
async function grant(verifier: string, input: { owner?: string; am?: TestAm; clientId?: string } = {}) {
  const { owner = 'alice', am = world.am, clientId = am.clientId(host) } = input;
  const codeChallenge = challengeOf(verifier);
  return host.app.chatelaine.hostGrant({ owner, amClientId: clientId, codeChallenge, scopes: ['entries.read'] });
}

async function codeFor(verifier: string, owner = 'alice'): Promise<string> {
  const outcome = await grant(verifier, { owner });
  if (outcome.kind !== 'issued') throw new Error(outcome.sentence);
  return outcome.hostGrant;
}

/** A code without a redirect, for a Host that is also a Requester. PROTOCOL §2.3. */
export function withoutRedirect(): void {
  test('a Host that is a Requester, too, names it in its metadata', async () => {
    const { port, issuer } = await world.host({ name: 'lifestream', options: { requester: REQUESTER } });
    const { json } = await send(port, { path: '/.well-known/oauth-authorization-server' });
    expect(json).toMatchObject({ issuer, chatelaine_requester: REQUESTER });
  });

  describe('a grant issued without a redirect', () => {
    test('is redeemed by its AM with the verifier for a link as wide as the ceiling, which yields tokens', async () => {
      const verifier = createVerifier();
      const code = await codeFor(verifier, 'robin');
      const form = { redirect_uri: `${world.am.issuer}/callback/${world.am.clientId(host).split('/').at(-1)}` };
      const { status, json } = await world.am.redeem(host, { code, verifier, form });
      expect([status, json['scope'], json['transfer_scope']]).toEqual([200, 'transfer', 'entries.read']);
      const link = { accessToken: String(json['access_token']) };
      const token = await world.am.token(host, { link });
      expect((await host.call(token)).json).toMatchObject({ access: { owner: 'robin', am: world.am.issuer } });
      const wider = await world.am.transfer(host, { link, scope: 'entries.write' });
      expect(wider.json).toMatchObject({ error: 'invalid_scope' });
      expect(await host.app.chatelaine.access('robin')).toMatchObject([
        { am: world.am.issuer, ceiling: ['entries.read'] },
      ]);
    });

    test('is worth nothing with another verifier, and then not with the right one either', async () => {
      const verifier = createVerifier();
      const code = await codeFor(verifier);
      for (const each of [createVerifier(), verifier]) {
        const answer = await world.am.redeem(host, { code, verifier: each });
        expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_grant']);
      }
    });

    test('is worth nothing to another AM', async () => {
      const verifier = createVerifier();
      const code = await codeFor(verifier);
      expect((await world.otherAm.redeem(host, { code, verifier })).json).toMatchObject({ error: 'invalid_grant' });
      expect((await world.am.redeem(host, { code, verifier })).status).toBe(200);
    });

    test('counts once: redeemed again, what it gave is ended', async () => {
      const verifier = createVerifier();
      const code = await codeFor(verifier, 'sam');
      expect((await world.am.redeem(host, { code, verifier })).status).toBe(200);
      expect((await world.am.redeem(host, { code, verifier })).json).toMatchObject({ error: 'invalid_grant' });
      expect(await host.app.chatelaine.access('sam')).toEqual([]);
    });

    test('lives five minutes, and is on nobody’s list before it is redeemed', async () => {
      await codeFor(createVerifier(), 'mia');
      expect(await host.app.chatelaine.access('mia')).toEqual([]);
      const { rows } = await host.pool.query(
        `select round(extract(epoch from c.expires_at - c.created_at))::int as seconds from oauth_code c
         join oauth_grant g on g.id = c.grant_id where g.subject = 'mia'`,
      );
      expect(rows).toEqual([{ seconds: 300 }]);
    });
  });

  describe('nothing is issued', () => {
    test('to what is not an AM’s client document for this very Host', async () => {
      const other = await world.host({ name: 'notes' });
      const ids = [
        world.am.clientId(other),
        `${world.am.issuer}/clients/elsewhere`,
        `${host.issuer}/clients/${world.am.clientId(host).split('/').at(-1)}`,
        'a registered client',
      ];
      for (const clientId of ids)
        expect(await grant(createVerifier(), { clientId })).toMatchObject({ kind: 'refused' });
    });

    test('to an AM whose document is another’s', async () => {
      const third = await world.host({ name: 'calendar' });
      world.otherAm.document = { redirect_uris: ['https://evil.example/callback'] };
      const input = { owner: 'alice', codeChallenge: challengeOf(createVerifier()), scopes: ['entries.read'] };
      const refused = await third.app.chatelaine.hostGrant({ ...input, amClientId: world.otherAm.clientId(third) });
      world.otherAm.document = {};
      expect(refused).toMatchObject({ kind: 'refused', sentence: expect.stringContaining('redirect URI') });
    });

    test('for what the Host does not have, or without a challenge', async () => {
      const good = {
        owner: 'alice',
        amClientId: world.am.clientId(host),
        codeChallenge: challengeOf(createVerifier()),
        scopes: ['entries.read'],
      };
      for (const wrong of [{ scopes: [] }, { scopes: ['transfer'] }, { codeChallenge: 'short' }, { codeChallenge: '' }])
        await expect(host.app.chatelaine.hostGrant({ ...good, ...wrong })).rejects.toThrow(TypeError);
    });
  });
}
