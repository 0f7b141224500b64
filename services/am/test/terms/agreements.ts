import { beforeAll, describe, expect, it } from '@jest/globals';
import { generateSigningKey, publicJwks } from '@chatelaine/crypto';
import type { Story } from '../support/deployment.ts';
import { exchange } from '../support/requester.ts';
import { Signer } from '../support/terms.ts';
import { ANSWERS, deployment, offerAnew, offered, OFFERED, outcomeOf, stored } from './scene.ts';

/** What counts as an answer to an offer. PROTOCOL §10.3. */
export function agreements(): void {
  describe('an agreement', () => {
    let story: Story;
    let signer: Signer;
    let proffer: string;
    beforeAll(async () => {
      story = await offered();
      signer = new Signer(deployment, story);
      proffer = await signer.proffer();
    });
    const post = async (agreement: string) => outcomeOf(await signer.call({ body: { agreement } }));
    const REFUSED = '400 invalid_request';

    it('with a wrong digest is refused', async () => {
      const [terms] = signer.termsOf(proffer);
      expect(await post(await signer.sign(proffer, { accepted: { ...terms, digest: 'x'.repeat(43) } }))).toBe(REFUSED);
      expect(await stored(story)).toEqual([null]);
    });

    it('with two members that decide, or none, is refused', async () => {
      const accepted = signer.termsOf(proffer)[0];
      expect(await post(await signer.sign(proffer, { accepted, declined: true }))).toBe(REFUSED);
      expect(await post(await signer.sign(proffer, { accepted: undefined }))).toBe(REFUSED);
      expect(await stored(story)).toEqual([null]);
    });

    it('signed with a key that its client does not publish is refused', async () => {
      expect(await post(await signer.sign(proffer, {}, generateSigningKey()))).toBe(REFUSED);
      expect(await stored(story)).toEqual([null]);
    });

    it('of another typ is refused, the offer itself included', async () => {
      expect(await post(proffer)).toBe(REFUSED);
      expect(await post(await story.requester.statement({ resource: deployment.host.resource, scope: 'x' }))).toBe(
        REFUSED,
      );
      expect(await stored(story)).toEqual([null]);
    });

    it('to a foreign offer is refused, and so is the record of another connection', async () => {
      const other = await offered();
      const otherSigner = new Signer(deployment, other);
      const foreign = await otherSigner.proffer();
      expect(await post(await signer.sign(foreign))).toBe(REFUSED);
      const record = await otherSigner.sign(foreign);
      expect((await otherSigner.call({ body: { agreement: record } })).status).toBe(200);
      expect(await post(record)).toBe(REFUSED);
      // nor one that was offered to another connection of the same client and owner
      const again = { ...story, connection: await deployment.connect({ ...story, answers: ANSWERS, fields: OFFERED }) };
      const theirs = new Signer(deployment, again);
      expect(await post(await theirs.sign(await theirs.proffer()))).toBe(REFUSED);
      expect(await stored(story)).toEqual([null]);
    });

    it('to an offer that was superseded is refused', async () => {
      const changing = await offered();
      const theirs = new Signer(deployment, changing);
      const old = await theirs.sign(await theirs.proffer());
      await offerAnew(changing, { terms: 'delete-after-30-days/1.0' });
      expect(outcomeOf(await theirs.call({ body: { agreement: old } }))).toBe(REFUSED);
      expect(await stored(changing)).toEqual([null, null]);
    });

    it('that was dated before its offer, or in the future, is refused', async () => {
      expect(await post(await signer.sign(proffer, { iat: 1_700_000_000 }))).toBe(REFUSED);
      expect(await post(await signer.sign(proffer, { iat: Math.floor(Date.now() / 1000) + 3600 }))).toBe(REFUSED);
    });

    it.each<[string, unknown]>([
      ['is no JSON', '{'],
      ['has no agreement', {}],
      ['has more', { agreement: 'a.b.c', accepted: true }],
      ['is too long', { agreement: `${'a'.repeat(4000)}.b.${'c'.repeat(200)}` }],
    ])('whose body %s is refused', async (_what, body) => {
      expect(outcomeOf(await signer.call({ body }))).toBe(REFUSED);
    });

    it('whose proof, token or method is not good is refused as at any resource', async () => {
      const used = await story.requester.proof('/agreements', {
        htm: 'GET',
        accessToken: story.connection.accessToken,
      });
      expect((await signer.call({ proofs: [used] })).status).toBe(200);
      expect(outcomeOf(await signer.call({ proofs: [used] }))).toBe('401 invalid_dpop_proof');
      expect(outcomeOf(await signer.call({ proofs: [] }))).toBe('401 invalid_dpop_proof');
      expect(outcomeOf(await signer.call({ token: story.connection.refreshToken }))).toBe('401 invalid_token');
      expect((await exchange(deployment.ams[0].port, { method: 'DELETE', path: '/agreements' })).status).toBe(405);
    });

    it('that accepts and one that declines at two processes at once: one wins, the other is 409', async () => {
      const racing = await offered();
      const theirs = new Signer(deployment, racing);
      const text = await theirs.proffer();
      const agreements = [await theirs.sign(text), await theirs.sign(text, { declined: true })];
      const answers = await Promise.all(
        agreements.map((agreement, at) => theirs.call({ body: { agreement }, port: deployment.ams[at]?.port ?? 0 })),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
      const winner = answers.findIndex(({ status }) => status === 200);
      expect(answers[winner]?.json).toEqual({ proffer: text, agreement: agreements[winner] });
    });

    it('that is sent again, or signed anew with the same decision, gets the answer of the first', async () => {
      const [first, again] = [
        await signer.sign(proffer),
        await signer.sign(proffer, { iat: 1 + Math.floor(Date.now() / 1000) }),
      ];
      const answer = { proffer, agreement: first };
      for (const agreement of [first, first, again])
        expect((await signer.call({ body: { agreement } })).json).toEqual(answer);
      const alternate = await signer.sign(proffer, { accepted: signer.termsOf(proffer)[1] });
      expect((await signer.call({ body: { agreement: alternate } })).status).toBe(409);
      expect((await signer.call()).json).toEqual(answer);
    });

    it('is taken with a key that its client has published since the set was read', async () => {
      const rotating = await offered();
      const theirs = new Signer(deployment, rotating);
      const fresh = generateSigningKey();
      const own = rotating.requester.ownKey;
      if (own === null) throw new Error('no key');
      await deployment.rows(`update oauth_document set fetched_at = fetched_at - interval '2 minutes'`);
      deployment.documents.publish(
        new URL(rotating.requester.clientId).pathname.replace('.json', '.jwks'),
        publicJwks([own, fresh]),
      );
      const agreement = await theirs.sign(await theirs.proffer(), {}, fresh);
      // the process that has not just read the key set
      const port = deployment.ams[1].port;
      expect(outcomeOf(await theirs.call({ body: { agreement }, port }))).toBe('200 token');
    });
  });
}
