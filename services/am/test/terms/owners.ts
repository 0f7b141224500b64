import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { exchange } from '../support/requester.ts';
import { whileUncommitted, waitingBackends } from '../support/locks.ts';
import { gate } from '../support/scripted-host.ts';
import { NEWER, Signer } from '../support/terms.ts';
import { ANSWERS, ask, deployment, offerAnew, offered, outcomeOf } from './scene.ts';

/** What owners do about terms, and which records they can download. */
export function owners(): void {
  describe('other terms', () => {
    it('put in force while a transfer is under way: no token under the old version after the answer', async () => {
      const story = await offered();
      await new Signer(deployment, story).accept();
      const paused = gate();
      deployment.host.script.transfer = async (_hop, mint) => {
        const json = mint();
        await paused.opened;
        return { json };
      };
      const pending = ask(story);
      await deployment.host.until(() => deployment.host.hops.length === 1);
      expect((await offerAnew(story, { terms: 'delete-after-30-days/1.0' })).status).toBe(303);
      paused.open();
      const answer = await pending;
      expect(outcomeOf(answer)).toBe('503 temporarily_unavailable');
      expect(answer.text).not.toContain(deployment.host.minted.at(-1)?.token);
      expect(await deployment.transfers(story.connection)).toMatchObject([{ state: 'withheld', error: 'terms' }]);
      expect(outcomeOf(await ask(story))).toBe('400 terms_required');
    });

    it('in a new version apply only once the owner adopts them, to new connections and to old', async () => {
      const owner = await deployment.owner();
      const linkId = await deployment.link(owner);
      await deployment.rows(`update owner set terms = '{no-training/1.0}' where id = $1`, [owner.id]);
      const connect = async (fields?: Record<string, string>): Promise<Story> => {
        const requester = deployment.requester();
        const made = { owner, linkId, requester, answers: ANSWERS, ...(fields && { fields }) };
        return { owner, linkId, requester, connection: await deployment.connect(made) };
      };
      const [one, two, other] = [await connect(), await connect(), await connect({ terms: 'only-for-me/1.0' })];
      for (const each of [one, two, other]) await new Signer(deployment, each).accept();
      expect((await Promise.all([one, two, other].map((each) => ask(each)))).map(({ status }) => status)).toEqual([
        200, 200, 200,
      ]);
      expect((await owner.browser.get('/terms')).text).toContain('There is a new version');
      expect((await owner.browser.submit('/terms', '/terms/adopt', { name: 'no-training/1.1' })).status).toBe(303);
      expect((await Promise.all([one, two, other].map((each) => ask(each)))).map(outcomeOf)).toEqual([
        '400 terms_required',
        '400 terms_required',
        '200 token',
      ]);
      const signer = new Signer(deployment, one);
      expect(signer.termsOf(await signer.proffer()).map(({ uri }) => uri)).toEqual([
        `${deployment.issuer}/terms/no-training/1.1`,
      ]);
      await signer.accept();
      expect((await ask(one)).status).toBe(200);
      const later = new Signer(deployment, await connect());
      expect(later.termsOf(await later.proffer())[0]?.uri).toContain('/1.1');
    });
  });

  describe('a new version that is adopted', () => {
    const adopt = ({ browser }: Story['owner']) =>
      browser.submit('/terms', '/terms/adopt', { name: 'no-training/1.1' });

    it('takes the place of the old one alone: what was saved meanwhile stays, and so do alternatives', async () => {
      const owner = await deployment.owner();
      await deployment.rows(`update owner set terms = '{only-for-me/1.0,no-training/1.0}' where id = $1`, [owner.id]);
      const meanwhile = ['update owner set signers_only = true where id = $1', [owner.id]] as const;
      await whileUncommitted(deployment, meanwhile, async (commit) => {
        const adopting = adopt(owner);
        await waitingBackends(deployment);
        await commit();
        expect((await adopting).status).toBe(303);
      });
      expect(await deployment.rows('select terms, signers_only from owner where id = $1', [owner.id])).toEqual([
        { terms: ['only-for-me/1.0', 'no-training/1.1'], signers_only: true },
      ]);
    });

    it('is announced with the number of apps that have the old, however often each is connected', async () => {
      const owner = await deployment.owner();
      const linkId = await deployment.link(owner);
      const fields = { terms: 'no-training/1.0' };
      await deployment.rows(`update owner set terms = '{no-training/1.0}' where id = $1`, [owner.id]);
      const requester = deployment.requester();
      for (const each of [requester, requester, deployment.requester()])
        await deployment.connect({ owner, linkId, requester: each, answers: ANSWERS, fields });
      expect((await owner.browser.get('/terms')).words).toContain('Adopted for all, 2 apps get no key');
    });

    it('is preselected on the app’s page in the place that the old one has', async () => {
      const owner = await deployment.owner();
      const linkId = await deployment.link(owner);
      await deployment.rows(`update owner set terms = '{no-training/1.0}' where id = $1`, [owner.id]);
      const requester = deployment.requester();
      const fields = { terms: 'only-for-me/1.0', 'terms-alternate': 'no-training/1.0' };
      const connection = await deployment.connect({ owner, linkId, requester, answers: ANSWERS, fields });
      const { text } = await owner.browser.get(`/apps/${connection.id}`);
      expect([...text.matchAll(/<option value="([^"]+)" selected/g)].map(([, name]) => name)).toEqual([
        'only-for-me/1.0',
        'no-training/1.1',
      ]);
    });
  });

  describe('an owner who deals only with signers', () => {
    it('gives nothing to a connection without terms, nor consent to an app that cannot sign', async () => {
      const owner = await deployment.owner();
      const linkId = await deployment.link(owner);
      const make = async (keys: 'own' | 'none'): Promise<Story> => {
        const requester = deployment.requester({ keys });
        return {
          owner,
          linkId,
          requester,
          connection: await deployment.connect({ owner, linkId, requester, answers: ANSWERS }),
        };
      };
      const [able, unable] = [await make('own'), await make('none')];
      expect([(await ask(able)).status, (await ask(unable)).status]).toEqual([200, 200]);
      await owner.browser.submit('/terms', '/terms', { terms: 'no-training/1.1', signers: 'only' });
      const denied = await ask(able);
      expect([outcomeOf(denied), denied.json['denied_by']]).toEqual(['400 access_denied', 'am']);
      expect(outcomeOf(await ask(unable))).toBe('400 access_denied');
      await expect(make('none')).rejects.toThrow('deal only with apps that sign');
      await offerAnew(able, { terms: 'no-training/1.1' });
      await new Signer(deployment, able).accept();
      expect((await ask(able)).status).toBe(200);
    });
  });

  describe('a terms document', () => {
    it('is the same octets for every program, a page for a browser, and its digest is of the octets', async () => {
      const path = '/terms/no-training/1.1';
      const get = (headers: Record<string, string>) =>
        exchange(deployment.ams[1].port, { method: 'GET', path, headers });
      const program = await get({ accept: 'application/json' });
      expect([program.status, program.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
      expect((await get({})).text).toBe(program.text);
      const story = await offered({ terms: 'no-training/1.1' });
      const signer = new Signer(deployment, story);
      const digest = createHash('sha256').update(program.text).digest('base64url');
      expect(signer.termsOf(await signer.proffer())).toEqual([{ uri: `${deployment.issuer}${path}`, digest }]);
      const page = await get({ accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
      expect(page.headers['content-type']).toContain('text/html');
      expect(page.text).toContain(NEWER.summary);
      expect((await exchange(deployment.ams[0].port, { method: 'GET', path: '/terms/no-training/9.9' })).status).toBe(
        404,
      );
      expect((await exchange(deployment.ams[0].port, { method: 'GET', path: '/terms/..%2fsrc/1.0' })).status).toBe(404);
    });
  });

  describe('the signed record', () => {
    it('is its owner’s to take, with the keys of both sides, and nobody else’s', async () => {
      const story = await offered();
      const signer = new Signer(deployment, story);
      const agreement = String((await signer.accept()).json['agreement']);
      const page = await story.owner.browser.get(`/apps/${story.connection.id}`);
      const at = /\/apps\/[^"]+\/record/.exec(page.text)?.[0] ?? '';
      expect((await story.owner.browser.get(at)).text).toBe(agreement);
      const keys = (await story.owner.browser.get(at.replace(/record$/, 'keys'))).json;
      expect(Object.keys(keys)).toEqual([deployment.issuer, story.requester.clientId]);
      const stranger = await deployment.owner();
      expect((await stranger.browser.get(at)).status).toBe(404);
      expect((await exchange(deployment.ams[0].port, { method: 'GET', path: at })).status).toBe(303);
    });
  });
}
