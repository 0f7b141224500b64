import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/world.ts';
import { ask, deployment, grantOf, lastTransfer, outcome, story } from './scene.ts';

/** Answers that differ from what was asked for. */
export function mismatchedAnswers(): void {
  describe('an answer that is not what was asked for', () => {
    it.each<[string, (good: Record<string, unknown>) => Record<string, unknown>]>([
      [
        'issued_token_type',
        (good) => ({ ...good, issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
      ],
      ['no issued_token_type', ({ issued_token_type: _without, ...good }) => good],
      ['token_type', (good) => ({ ...good, token_type: 'Bearer' })],
      ['a token_type nobody knows', (good) => ({ ...good, token_type: 'mac' })],
      ['expires_in, huge', (good) => ({ ...good, expires_in: 301 })],
      ['expires_in, negative', (good) => ({ ...good, expires_in: -1 })],
      ['expires_in, a text', (good) => ({ ...good, expires_in: '300' })],
      ['no expires_in', ({ expires_in: _without, ...good }) => good],
      ['scope, wider', (good) => ({ ...good, scope: 'photos.read photos.write' })],
      ['scope, another', (good) => ({ ...good, scope: 'photos.write' })],
      ['no scope', ({ scope: _without, ...good }) => good],
      ['resource', (good) => ({ ...good, resource: `${String(good['resource'])}/other` })],
      ['cnf, another key', (good) => ({ ...good, cnf: { jkt: 'A'.repeat(43) } })],
      ['no cnf', ({ cnf: _without, ...good }) => good],
      ['iss', (good) => ({ ...good, iss: 'http://other.localhost' })],
      [
        'a token that is the link’s own',
        (good) => ({ ...good, access_token: deployment.host.hops.at(-1)?.form.get('subject_token') }),
      ],
      ['a token that no header can carry', (good) => ({ ...good, access_token: 'a\r\nx: y' })],
    ])(
      'in %s is a 502; the grant is given up for a fresh one, and the Host is told that the old one ended',
      async (_what, change) => {
        const before = await grantOf();
        deployment.host.script.transfer = (_hop, mint) => ({ json: change(mint()) });
        const answer = await ask();
        expect(answer.json).toEqual({
          error: 'server_error',
          error_description: "The Host's answer could not be used.",
          request_id: expect.any(String),
        });
        expect(answer.status).toBe(502);
        expect(await lastTransfer()).toMatchObject({ state: 'failed' });
        expect(await grantOf()).not.toBe(before);
        await deployment.host.until(() => deployment.host.revoked.some(({ token }) => token === before));
        expect(deployment.host.revoked).toEqual([{ token: before, hint: 'transfer_grant' }]);
        deployment.host.script.transfer = (_hop, mint) => ({ json: mint() });
        expect((await ask()).status).toBe(200);
        expect(deployment.host.hops.at(-1)?.statement['grant_id']).toBe(await grantOf());
      },
    );

    it('costs ten ends the Host does not confirm, then nothing is asked until it has; none is dropped', async () => {
      const own = await deployment.story({ 'photos.read': 'allow' });
      const ends = (state: string) =>
        deployment.rows<{ grant_id: string }>(
          'select grant_id from revocation where connection_id = $1 and state = $2',
          [own.connection.id, state],
        );
      deployment.host.script.transfer = (_hop, mint) => ({ json: { ...mint(), iss: 'http://other.localhost' } });
      deployment.host.script.revoke = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
      const seen = new Set<number>();
      // several at once: they share a grant, which is revoked only once
      for (let round = 0; round < 12; round++)
        for (const { status } of await Promise.all([ask(own), ask(own), ask(own)])) seen.add(status);
      expect(seen).toEqual(new Set([502, 503]));
      const pending = await ends('pending');
      expect(pending).toHaveLength(10);
      deployment.host.reset();
      deployment.host.script.revoke = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
      expect(outcome(await ask(own))).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '30' });
      expect(deployment.host.hops).toHaveLength(0);
      deployment.host.reset();
      // makes everything due that would wait for its next try
      await deployment.rows('update revocation_due set next_try_at = now()');
      await deployment.rows('update host_turn set not_before = now()');
      await eventually(async () => (await ends('pending')).length === 0);
      expect(new Set((await ends('confirmed')).map(({ grant_id }) => grant_id))).toEqual(
        new Set(pending.map(({ grant_id }) => grant_id)),
      );
      expect((await ask(own)).status).toBe(200);
    });

    it('is relayed without whatever else the Host put in', async () => {
      deployment.host.script.transfer = (_hop, mint) => {
        const good = mint();
        const cnf = { ...(good['cnf'] as object), kid: 'z' };
        return { json: { ...good, cnf, refresh_token: 'rt', link_token: 'lt', sub: 'kim', grant_id: 'g' } };
      };
      const answer = await ask();
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.json).toSorted()).toEqual(
        ['access_token', 'cnf', 'expires_in', 'iss', 'issued_token_type', 'resource', 'scope', 'token_type'].toSorted(),
      );
      expect(answer.json['cnf']).toEqual({ jkt: story.requester.key.kid });
    });

    it('leaves the transfer open rather than forget to tell the Host, if the database fails in between', async () => {
      const before = await grantOf();
      await deployment.rows(
        `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception
          using errcode = '57P03'; end $$`,
      );
      await deployment.rows(
        'create trigger refuse_revocation before insert on revocation for each row execute function refuse_it()',
      );
      deployment.host.script.transfer = (_hop, mint) => ({ json: { ...mint(), iss: 'http://other.localhost' } });
      const answer = await ask();
      await deployment.rows('drop trigger refuse_revocation on revocation');
      expect(answer.status).toBe(503);
      expect(await lastTransfer()).toMatchObject({ state: 'intent' });
      expect(await grantOf()).toBe(before);
      // closes the row for the audit at the end
      await deployment.rows(`update transfer set state = 'failed', closed_at = now() where state = 'intent'`);
    });
  });
}
