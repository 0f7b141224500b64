import { describe, expect, it } from '@jest/globals';
import { agree } from '../support/requester.ts';
import { deployment, requester } from './scene.ts';

/** How many connections and questions there may be. */
export function limits(): void {
  describe('consent', () => {
    it.each([
      ['one app', 200, () => requester.clientId, 'You have connected this app 200 times.'],
      ['all apps', 5_000, () => `https://another.example/${requester.clientId.length}`, 'You have 5000 connections.'],
    ])(
      'has room for so many connections of %s with one owner, and no row beyond',
      async (_what, most, client, says) => {
        const person = await deployment.owner();
        const link = await deployment.link(person);
        await deployment.rows(
          `insert into connection (id, owner_id, client_id, client_name) select $1 || n, $2, $3, 'Reader'
            from generate_series(1, $4::int) n`,
          [`con_${person.id}`, person.id, client(), most],
        );
        const { path } = await requester.push();
        const fields = { [`answer:${link}:photos.read`]: 'allow' };
        const refused = await agree(person.browser, path, fields);
        expect([refused.status, refused.onward]).toEqual([400, undefined]);
        expect(refused.words).toContain(says);
        await deployment.rows('update connection set ended_at = now() where id = $1', [`con_${person.id}1`]);
        const agreed = await agree(person.browser, path, fields);
        expect(new URL(agreed.onward ?? 'x:').searchParams.get('code')).not.toBeNull();
      },
    );

    it('is waited for by ten thousand requests of one client: one more is 429, another client’s is not', async () => {
      const busy = deployment.requester();
      await deployment.rows(
        `insert into oauth_request (hash, client_id, redirect_uri, scope, code_challenge, expires_at)
         select sha256(n::text::bytea), $1, 'x', array['transfer'], 'x', now() + interval '1 hour'
           from generate_series(1, 10000) n`,
        [busy.clientId],
      );
      const pushed = await busy.post('/par', await busy.request('v'.repeat(43)));
      expect([pushed.status, pushed.json['error']]).toEqual([429, 'temporarily_unavailable']);
      expect(Number(pushed.headers['retry-after'])).toBeGreaterThan(0);
      expect((await requester.push()).path).toContain('/authorize?');
      await deployment.rows('delete from oauth_request where client_id = $1', [busy.clientId]);
    });
  });
}
