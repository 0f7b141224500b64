import { openPool } from '@chatelaine/postgres';
import { eventually } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { restoreIntoNewDatabase } from '../support/operator.ts';
import { ask, chatelaine, deployment, get, story } from './scene.ts';

/** The operator's commands, and a backup. */
export function commands(): void {
  describe('chatelaine', () => {
    test.each([
      ['nonsense', 64, /chatelaine doctor/],
      ['stop everything', 64, /Say what is to end\./],
      ['stop connection con_unknown', 64, /There is no connection con_unknown\./],
      ['connections --host x', 64, /The options are --owner and --client\./],
      ['migrate', 0, /The database is up to date\./],
    ])('%p: %p', async (line, code, says) => {
      const answer = await chatelaine(line);
      expect(answer.code).toBe(code);
      expect(answer.text).toMatch(says);
    });

    test('lists connections and links without any secret, and ends them at once on every process', async () => {
      const mine = await deployment.story({ 'photos.read': 'allow' });
      const listed = await chatelaine(`connections --client ${mine.requester.clientId}`);
      expect(listed.lines).toHaveLength(1);
      expect(listed.text).toContain(mine.connection.id);
      expect(listed.text).not.toContain(mine.connection.accessToken);
      expect((await chatelaine(`links --host ${deployment.host.issuer}`)).text).toContain(mine.linkId);
      expect((await ask(mine)).status).toBe(200);
      expect((await chatelaine(`stop connection ${mine.connection.id}`)).code).toBe(0);
      expect((await ask(mine, deployment.ams[1])).status).toBe(400);
      expect((await chatelaine(`connections --client ${mine.requester.clientId}`)).text).toBe(
        'There are no such connections.',
      );
    });

    test.each(['link', 'client', 'owner'] as const)('ends all of one %s', async (what) => {
      const mine = await deployment.story({ 'photos.read': 'allow' });
      const [account] = await deployment.rows<{ username: string }>('select username from account where id = $1', [
        mine.owner.id,
      ]);
      const name = { link: mine.linkId, client: mine.requester.clientId, owner: account?.username }[what];
      expect((await chatelaine(`stop ${what} ${name}`)).code).toBe(0);
      expect((await ask(mine, deployment.ams[1])).status).toBe(400);
      expect((await ask(story)).status).toBe(200);
    });

    test('signs with a new key in turn, and says until when the old one is published', async () => {
      const { code, lines } = await chatelaine('rotate-keys signing');
      expect([code, lines[0]]).toEqual([0, expect.stringMatching(/ is published now and signs from \d{4}-/)]);
    });
  });

  describe('a backup', () => {
    test('of the schema and ENCRYPTION_KEY are all that another machine needs; pending ends go on there', async () => {
      const ended = await deployment.story({ 'photos.read': 'allow' });
      deployment.host.script = { revoke: () => ({ status: 503, json: {} }) };
      await chatelaine(`stop connection ${ended.connection.id}`);
      const copy = await restoreIntoNewDatabase(deployment);
      await deployment.rows(`update revocation set state = 'confirmed', confirmed_at = now() where state = 'pending'`);
      deployment.host.reset();
      const restored = await deployment.another({ config: { databaseUrl: copy.url('am') } });
      // a key that the running process has not read yet may be in the backup, too
      expect((await get(restored, '/jwks')).json).toEqual({
        keys: expect.arrayContaining((await get(deployment.ams[0], '/jwks')).json['keys'] as unknown[]),
      });
      expect((await ask(story, restored)).status).toBe(200);
      expect((await ask(ended, restored)).status).toBe(400);
      const pool = openPool({ url: copy.url('am'), name: 'test', max: 1 });
      const pending = async () => (await pool.query(`select from revocation where state = 'pending'`)).rowCount;
      await eventually(async () => (await pending()) === 0);
      await pool.end();
    });
  });
}
