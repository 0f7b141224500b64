import { describe, expect, test } from '@jest/globals';
import { eventually, makeConnection, makeLink } from '../support/world.ts';
import { live, person, revocations, settled, stop, stranger, world } from './scene.ts';

/** Everything is stopped at once, and revocations that another process left unfinished. */
export function stoppingEverything(): void {
  describe('stopping everything', () => {
    test('ends all connections and links of this owner in one step, and nobody else’s', async () => {
      const everyone = await world.person();
      const mine = [await makeLink(world, everyone), await makeLink(world, everyone)];
      const theirs = await makeLink(world, stranger);
      const connections = [
        await makeConnection(world, everyone, [mine[0] ?? '']),
        await makeConnection(world, everyone, [mine[1] ?? '']),
      ];
      const kept = await makeConnection(world, stranger, [theirs]);
      const answer = await everyone.browser.submit('/apps', '/stop-everything');
      expect([answer.status, answer.headers.location]).toEqual([303, '/ends']);
      // both connections belong to one app
      expect(
        (await everyone.browser.get('/ends')).words.match(/(Reader|my Photos(, account 2)?) , ended/g),
      ).toHaveLength(3);
      for (const { id } of connections) expect(await live(id)).toBe(false);
      expect(await live(kept.id)).toBe(true);
      const { rows } = await world.pool.query('select id, state from link where id = any($1)', [[...mine, theirs]]);
      expect(rows.filter(({ state }) => state === 'ended')).toHaveLength(2);
      for (const linkId of mine) await settled(linkId);
    });

    test('races with single stops end well', async () => {
      const everyone = await world.person();
      const linkIds = [
        await makeLink(world, everyone),
        await makeLink(world, everyone),
        await makeLink(world, everyone),
      ];
      const made = await Promise.all(
        Array.from({ length: 8 }, () => makeConnection(world, everyone, linkIds.slice(0, 1))),
      );
      const answers = await Promise.all([
        everyone.browser.submit('/apps', '/stop-everything'),
        ...made.map(({ id }) => stop(everyone, id)),
        ...linkIds.map((linkId) => everyone.browser.submit('/hosts', `/hosts/${linkId}/stop`)),
      ]);
      for (const { status } of answers) expect([200, 303, 404]).toContain(status);
      for (const { id } of made) expect(await live(id)).toBe(false);
      for (const { id } of made) {
        const revocations = await world.pool.query('select 1 from revocation where connection_id = $1', [id]);
        expect(revocations.rowCount).toBeLessThanOrEqual(1);
      }
    });
  });

  describe('the queue', () => {
    test('an end in the hands of a process that died is taken up by another', async () => {
      const linkId = await makeLink(world, person);
      const { id } = await makeConnection(world, person, [linkId]);
      // as a killed process leaves it: claimed a while ago, and never released
      const client = await world.pool.connect();
      await client.query('begin');
      await client.query(`select oauth_end_grant($1, 'client')`, [id]);
      await client.query(
        `update revocation_due set held_until = now() + interval '2 seconds' where connection_id = $1`,
        [id],
      );
      await client.query('commit');
      client.release();
      await eventually(async () => (await revocations(linkId))[0]?.state === 'confirmed');
    });
  });
}
