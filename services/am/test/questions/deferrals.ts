import { describe, expect, it } from '@jest/globals';
import { exchange } from '../support/requester.ts';
import { ANSWERS, deployment } from './deployment.ts';
import { defer, errorOf, fresh, INVALID_CODE, PENDING, SCOPE, story, wait, type Waiting } from './waiting.ts';

/** Requesters that poll for the owner's answer. PROTOCOL §3.7. */
export function deferrals(): void {
  describe('a transfer that needs the owner, of a Requester that can wait', () => {
    it('is answered with a code to wait with, which is stored as a hash alone', async () => {
      const waiting = await fresh();
      const { status, json, headers } = await defer(waiting);
      expect([status, headers['cache-control']]).toEqual([400, 'no-store']);
      expect(json).toEqual({
        error: 'authorization_pending',
        error_description: expect.any(String),
        deferral_code: expect.stringMatching(/^cha_dc_[A-Za-z0-9_-]{46}$/),
        expires_in: 3600,
        interval: 5,
        interaction_uri: expect.stringMatching(new RegExp(`^${deployment.issuer}/asks/`)),
        scope: SCOPE,
      });
      const [row] = await deployment.rows('select * from deferral where connection_id = $1', [waiting.connection.id]);
      expect(JSON.stringify(row)).not.toContain(String(json['deferral_code']).slice(7));
      expect(deployment.host.hops).toEqual([]);
    });

    it('is announced, and taken by no client that did not register for it', async () => {
      const { json } = await exchange(deployment.ams[0].port, {
        method: 'GET',
        path: '/.well-known/oauth-authorization-server',
      });
      expect(json).toMatchObject({ deferred_token_response_supported: true });
      expect(json['grant_types_supported']).toContain('urn:ietf:params:oauth:grant-type:deferred');
      const without = await deployment.beside(story, ANSWERS, {
        grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      });
      const { json: pending } = await defer(without);
      expect(errorOf(await without.requester.poll(String(pending['deferral_code'])))).toBe('400 unauthorized_client');
    });

    it('is given at once where nobody has to be asked, and refused as ever where it is out of reach', async () => {
      expect((await defer(story, { scope: 'albums.read' })).status).toBe(200);
      expect(errorOf(await defer(story, { scope: 'faces.read' }))).toBe('400 invalid_scope');
      expect(errorOf(await defer(story, { params: { completion_mode: 'callback deferred' } }))).toBe(PENDING);
    });

    it('has five codes at most for one question: the oldest make room', async () => {
      const by = await fresh();
      const waiting: Waiting[] = [];
      for (let at = 0; at < 6; at++) waiting.push(await wait(by));
      const answers = await Promise.all(waiting.map(({ poll }) => poll()));
      expect(answers.map(errorOf)).toEqual([INVALID_CODE, ...Array<string>(5).fill(PENDING)]);
    });
  });

  describe('a poll', () => {
    it('waits until the owner answers, at either process, and ends in a token bound to the asker’s key', async () => {
      const { requester, poll, answer, passTime } = await wait();
      expect((await poll()).json).toEqual({
        error: 'authorization_pending',
        error_description: expect.any(String),
        expires_in: expect.any(Number),
        interval: 5,
      });
      await answer('once');
      await passTime();
      const got = await poll({ port: deployment.ams[1].port });
      expect([got.status, got.json['cnf'], got.json['scope']]).toEqual([200, { jkt: requester.key.kid }, SCOPE]);
      await passTime();
      expect(errorOf(await poll())).toBe(INVALID_CODE);
    });

    it('is told to slow down when it comes too early, over both processes', async () => {
      const { poll, passTime, answer } = await wait();
      expect(errorOf(await poll())).toBe(PENDING);
      const early = await poll({ port: deployment.ams[1].port });
      expect([errorOf(early), early.json['interval']]).toEqual(['400 slow_down', 5]);
      await answer('once');
      expect(errorOf(await poll())).toBe('400 slow_down');
      await passTime();
      expect((await poll()).status).toBe(200);
    });

    it.each([
      ['not-now', 'am', true],
      ['never', 'am', false],
    ])('ends in access_denied when the owner answers %s', async (given, by, requestable) => {
      const { poll, answer, passTime } = await wait();
      await answer(given);
      const { json } = await poll();
      expect(json).toMatchObject({ error: 'access_denied', denied_by: by, requestable });
      await passTime();
      expect(errorOf(await poll())).toBe(INVALID_CODE);
    });

    it('ends in expired_token an hour later, or when the approval was used elsewhere or not in time', async () => {
      const [late, lazy, beaten] = [await wait(), await wait(), await wait()];
      await deployment.rows('update deferral set expires_at = now() where connection_id = $1', [late.connection.id]);
      await lazy.answer('once');
      await deployment.rows(`update ask set expires_at = now() where connection_id = $1`, [lazy.connection.id]);
      await beaten.answer('once');
      expect((await defer(beaten, { params: {} })).status).toBe(200);
      for (const { poll } of [late, lazy, beaten]) expect(errorOf(await poll())).toBe('400 expired_token');
    });

    it('decides anew: a scope that was taken away, a link that ended, a rule that says no', async () => {
      const [narrowed, denied] = [await wait(), await wait()];
      for (const { answer } of [narrowed, denied]) await answer('once');
      await deployment.rows(`update connection_host set scopes = '{albums.read}' where connection_id = $1`, [
        narrowed.connection.id,
      ]);
      await deployment.rows(
        `insert into rule (id, owner_id, connection_id, scope, effect) values ('rule_late', $1, $2, $3, 'deny')`,
        [denied.owner.id, denied.connection.id, SCOPE],
      );
      await deployment.rows(`update rule set effect = 'deny' where connection_id = $1`, [denied.connection.id]);
      expect(errorOf(await narrowed.poll())).toBe('400 invalid_scope');
      expect(errorOf(await denied.poll())).toBe('400 access_denied');
      const elsewhere = await deployment.story(ANSWERS);
      const unlinked = await wait(elsewhere);
      await unlinked.answer('once');
      await deployment.rows('select end_link($1, $2)', [elsewhere.owner.id, elsewhere.linkId]);
      expect(errorOf(await unlinked.poll())).toBe('400 invalid_target');
    });

    it('may be repeated when the Host could not be asked: what the owner approved is not lost', async () => {
      const { poll, answer, passTime } = await wait();
      await answer('once');
      deployment.host.script = { transfer: () => ({ status: 503, json: { error: 'temporarily_unavailable' } }) };
      expect(errorOf(await poll())).toBe('503 temporarily_unavailable');
      deployment.host.reset();
      await passTime();
      expect((await poll()).status).toBe(200);
      await passTime();
      expect(errorOf(await poll())).toBe(INVALID_CODE);
    });

    it('is over when the Host says no', async () => {
      const { poll, answer, passTime } = await wait();
      await answer('always');
      deployment.host.script = { transfer: () => ({ status: 400, json: { error: 'access_denied' } }) };
      expect((await poll()).json).toMatchObject({ error: 'access_denied', denied_by: 'host' });
      deployment.host.reset();
      await passTime();
      expect(errorOf(await poll())).toBe(INVALID_CODE);
    });
  });
}
