import { describe, expect, it } from '@jest/globals';
import { createDpopProof, generateSigningKey } from '@chatelaine/crypto';
import type { Answer } from '@chatelaine/test-kit';
import type { Story } from '../support/deployment.ts';
import { clock } from '../support/requester.ts';
import { gate } from '../support/scripted-host.ts';
import { ANSWERS, deployment } from './deployment.ts';
import { defer, errorOf, fresh, minted, INVALID_CODE, PENDING, SCOPE, story, wait } from './waiting.ts';

/** The code with which a Requester polls. */
export function deferralCodes(): void {
  describe('a deferral code', () => {
    it('is nothing in the hands of another client, under another key, or for another connection’s answer', async () => {
      const [waiting, other] = [await wait(), await fresh()];
      await waiting.answer('always');
      for (const proofs of [[await other.requester.proof('/token')], [await waiting.requester.proof('/token')]])
        expect(errorOf(await other.requester.poll(waiting.code, { proofs }))).toBe(INVALID_CODE);
      const key = generateSigningKey();
      const unauthenticated = {
        client_assertion: undefined,
        client_assertion_type: undefined,
        client_id: waiting.requester.clientId,
      };
      const htu = `${deployment.issuer}/token`;
      expect(errorOf(await waiting.poll({ proofs: [await createDpopProof({ key, htm: 'POST', htu, clock })] }))).toBe(
        INVALID_CODE,
      );
      expect(errorOf(await waiting.poll({ proofs: [] }))).toBe('400 invalid_dpop_proof');
      expect(errorOf(await waiting.poll({ params: unauthenticated }))).toBe('401 invalid_client');
      // a second connection of the same client with the same key: the code stays bound to the first
      const second = await deployment.connect({ ...waiting, answers: ANSWERS });
      await deployment.rows(`update oauth_grant set ended_at = now(), ended_by = 'owner' where id = $1`, [
        waiting.connection.id,
      ]);
      expect(errorOf(await waiting.poll())).toBe(INVALID_CODE);
      expect(errorOf(await defer({ ...waiting, connection: second }))).toBe(PENDING);
      expect(minted(waiting)).toEqual([]);
    });

    it.each([
      ['none', { deferral_code: undefined }, '400 invalid_request'],
      ['an unknown one', { deferral_code: `cha_dc_${'A'.repeat(46)}` }, INVALID_CODE],
      ['a connection token', { deferral_code: `cha_ct_${'A'.repeat(46)}` }, INVALID_CODE],
      ['another resource', { resource: 'https://other.example/api' }, '400 invalid_request'],
      ['a subject token', { subject_token: 'x' }, '400 invalid_request'],
      ['a key of its own', { cnf: '{"jkt":"x"}' }, '400 invalid_request'],
    ])('with %s is refused', async (_name, params: Record<string, string | undefined>, refusal) => {
      expect(errorOf(await story.requester.poll('x', { params }))).toBe(refusal);
    });

    it('is no subject token, and a replayed poll is refused as a replay', async () => {
      const waiting = await wait();
      const asSubject = await waiting.requester.transfer({
        connection: { accessToken: waiting.code },
        resource: deployment.host.resource,
        scope: SCOPE,
      });
      expect(errorOf(asSubject)).toBe('400 invalid_request');
      const proofs = [await waiting.requester.proof('/token')];
      expect(errorOf(await waiting.poll({ proofs }))).toBe(PENDING);
      await waiting.passTime();
      expect(errorOf(await waiting.poll({ proofs, port: deployment.ams[1].port }))).toBe('400 invalid_dpop_proof');
      expect(errorOf(await waiting.poll())).toBe(PENDING);
    });

    it('ends in one token, however many polls come at once and however often', async () => {
      const waiting = await wait();
      await waiting.answer('always');
      const held = gate();
      deployment.host.script = { transfer: async (_hop, mint) => held.opened.then(() => ({ json: mint() })) };
      const crowd = (): Promise<Answer>[] =>
        Array.from({ length: 10 }, (_, at) => waiting.poll({ port: deployment.ams[at % 2]?.port ?? 0 }));
      const first = crowd();
      await deployment.host.until(() => deployment.host.hops.length > 0);
      // others poll while the Host is still working, after the interval that they must wait
      await waiting.passTime();
      const second = await Promise.all(crowd());
      // one more polls when the first attempt has taken so long that its process may have died
      await deployment.rows(`update deferral set attempted_at = now() - interval '1 minute'`);
      await waiting.passTime();
      const late = waiting.poll();
      await deployment.host.until(() => deployment.host.hops.length > 1);
      held.open();
      const answers = [...(await Promise.all(first)), ...second, await late];
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const other of answers.filter(({ status }) => status !== 200))
        expect([PENDING, '400 slow_down', INVALID_CODE]).toContain(errorOf(other));
      expect(minted(waiting)).toHaveLength(2);
    });

    it('ends nothing when it took so long that another one took its place: that one gets the token', async () => {
      const waiting = await wait();
      await waiting.answer('always');
      const gates = [gate(), gate()] as const;
      let asked = 0;
      deployment.host.script = {
        transfer: async (_hop, mint) => (asked++ === 0 ? gates[0] : gates[1]).opened.then(() => ({ json: mint() })),
      };
      const slow = waiting.poll();
      await deployment.host.until(() => deployment.host.hops.length === 1);
      await deployment.rows(`update deferral set attempted_at = now() - interval '1 minute'`);
      await waiting.passTime();
      const next = waiting.poll({ port: deployment.ams[1].port });
      await deployment.host.until(() => deployment.host.hops.length === 2);
      gates[0].open();
      expect(errorOf(await slow)).toBe(INVALID_CODE);
      gates[1].open();
      expect((await next).status).toBe(200);
    });

    it('is not spoiled by a poll that comes while the Host is at work on what the owner allowed once', async () => {
      const waiting = await wait();
      await waiting.answer('once');
      const held = gate();
      deployment.host.script = { transfer: async (_hop, mint) => held.opened.then(() => ({ json: mint() })) };
      const first = waiting.poll();
      await deployment.host.until(() => deployment.host.hops.length > 0);
      await waiting.passTime();
      expect(errorOf(await waiting.poll({ port: deployment.ams[1].port }))).toBe(PENDING);
      held.open();
      expect((await first).status).toBe(200);
      await waiting.passTime();
      expect(errorOf(await waiting.poll())).toBe(INVALID_CODE);
    });

    it('is worth nothing once its connection was stopped, in between or while the Host is at work', async () => {
      const [before, during] = [await wait(), await wait()];
      for (const { answer } of [before, during]) await answer('always');
      const stop = ({ owner, connection }: Story) =>
        owner.browser.submit(`/apps/${connection.id}`, `/apps/${connection.id}/stop`, {});
      await stop(before);
      expect(errorOf(await before.poll())).toBe(INVALID_CODE);
      deployment.host.script = {
        transfer: async (_hop, mint) => {
          await stop(during);
          return { json: mint() };
        },
      };
      expect(errorOf(await during.poll())).toBe(INVALID_CODE);
      expect(minted(before)).toEqual([]);
    });
  });
}
