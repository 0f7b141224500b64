import { describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import type { Behaviour, TestHost } from '../support/test-host.ts';
import { makeConnection, makeLink } from '../support/world.ts';
import { hostile, person, stranger, world } from './scene.ts';
import { countStatements } from '../support/statements.ts';

const QUEUED = 10_000;
/** More than may be sent to a Host at once, and far fewer than a pile. */
const FEW = 24;

/** Inserts `count` revocations of one link that are yet to be sent. */
async function queueRevocations(linkId: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += 1_000)
    await world.pool.query(
      `insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id)
       select 'rev_' || l.id || '_' || n, l.owner_id, l.id, l.host_id, 'con_pile', 'pile-' || l.id || '-' || n
       from link l, generate_series($2::int, $3::int) n where l.id = $1`,
      [linkId, from, Math.min(from + 999, count)],
    );
}

const pendingOf = async (linkId: string): Promise<number> =>
  (
    await world.pool.query<{ n: number }>(
      `select count(*)::int as n from revocation where link_id = $1 and state = 'pending'`,
      [linkId],
    )
  ).rows[0]?.n ?? 0;
const clear = (linkId: string) => world.pool.query('delete from revocation where link_id = $1', [linkId]);
const sentRevocations = ({ calls }: TestHost): number =>
  calls.filter(({ form }) => form.get('token')?.startsWith('pile-')).length;

/** Work that runs by the clock is unlikely to fall into every one of these runs. */
const TIMES = 5;

/** How many statements of each name something takes at least. */
async function fewestStatements(during: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  let fewest = await countStatements(during);
  for (let time = 2; time <= TIMES; time++) {
    const counts = await countStatements(during);
    fewest = new Map(
      [...fewest].flatMap(([name, count]) => {
        const least = Math.min(count, counts.get(name) ?? 0);
        return least === 0 ? [] : [[name, least] as const];
      }),
    );
  }
  return fewest;
}

/** Stops a connection of this person at the well-behaved Host; resolves when the Host has confirmed. */
async function stopOne(linkId: string): Promise<void> {
  const { id, grantIds } = await makeConnection(world, person, [linkId]);
  const path = `/apps/${id}/stop`;
  const answer = await person.browser.submit('/apps', path);
  expect(answer.status).toBe(303);
  await world.host.called(({ form }) => form.get('token') === grantIds[0]);
  await eventually(async () => (await pendingOf(linkId)) === 0);
}

const MISBEHAVIOURS: readonly [string, NonNullable<Behaviour['revoke']>][] = [
  ['does not answer', () => 'hang'],
  ['fails at once', () => ({ status: 503, json: { error: 'temporarily_unavailable' } })],
  ['answers oddly', () => ({ status: 302, json: {} })],
];

/** The order in which revocations are sent: taking turns among Hosts, and at one Host among owners. */
export function queueOrder(): void {
  describe('beside a Host with ten thousand ends to be told that', () => {
    test.each(MISBEHAVIOURS.map(([how, revoke], n) => ({ how, revoke, n })))(
      '$how, another owner’s stop reaches an honest Host before that one is asked many times more',
      async ({ revoke, n }) => {
        const host = hostile[n] as TestHost;
        const theirs = await makeLink(world, stranger, host);
        const mine = await makeLink(world, person);
        host.behaviour.revoke = revoke;
        await queueRevocations(theirs, QUEUED);
        await host.called(({ path }) => path === '/revoke');
        const before = sentRevocations(host);
        await stopOne(mine);
        expect(sentRevocations(host) - before).toBeLessThan(FEW);
        expect(await pendingOf(theirs)).toBe(QUEUED);
        await clear(theirs);
      },
    );

    test('does not answer, another owner’s stop takes no more statements than alone', async () => {
      const host = hostile[MISBEHAVIOURS.length] as TestHost;
      const [theirs, mine] = [await makeLink(world, stranger, host), await makeLink(world, person)];
      host.behaviour.revoke = () => 'hang';
      await stopOne(mine);
      const stop = () => fewestStatements(() => stopOne(mine));
      const alone = await stop();
      await queueRevocations(theirs, QUEUED);
      await host.called(({ path }) => path === '/revoke');
      const beside = await stop();
      expect([...alone.keys()]).toContain('requesters_stop_client');
      expect([...alone.keys()]).toContain('jobs_confirm_revocation');
      const more = [...beside].filter(
        ([name, count]) => !/_claim_|_note_seen/.test(name) && count > (alone.get(name) ?? 0),
      );
      expect(more).toEqual([]);
      await clear(theirs);
    });
  });

  describe('at one Host', () => {
    test('nothing is lost while it is left alone: it is told everything once it answers', async () => {
      const host = hostile.at(-1) as TestHost;
      const linkId = await makeLink(world, stranger, host);
      host.behaviour.revoke = () => ({ status: 500, json: {} });
      await queueRevocations(linkId, 40);
      const { rows } = await eventually(async () => {
        const left = await world.pool.query(
          `select from host_turn t join link l using (host_id) where l.id = $1 and t.failures > 3`,
          [linkId],
        );
        return left.rowCount === 1 && left;
      });
      expect(rows).toHaveLength(1);
      expect(await pendingOf(linkId)).toBe(40);
      host.behaviour = {};
      // ends the Host's pause
      await world.pool.query(
        'update host_turn set not_before = now() where host_id = (select host_id from link where id = $1)',
        [linkId],
      );
      await eventually(async () => (await pendingOf(linkId)) === 0);
    });

    test('no more than its eight slots are taken, over two processes, and each end is told once', async () => {
      const second = await world.replica();
      const linkId = await makeLink(world, person);
      let [active, most] = [0, 0];
      world.host.behaviour.revoke = async () => {
        most = Math.max(most, ++active);
        await new Promise((resolve) => setImmediate(resolve));
        active -= 1;
        return { status: 200 };
      };
      await queueRevocations(linkId, 150);
      await eventually(async () => (await pendingOf(linkId)) === 0);
      expect(most).toBeLessThanOrEqual(8);
      for (let n = 1; n <= 150; n++)
        expect(world.host.calls.filter(({ form }) => form.get('token') === `pile-${linkId}-${n}`)).toHaveLength(1);
      await second.close();
    });

    test('an owner with hundreds of ends does not keep another’s waiting', async () => {
      const [theirs, mine] = [await makeLink(world, stranger), await makeLink(world, person)];
      const { promise: opened, resolve: open } = Promise.withResolvers<void>();
      world.host.behaviour.revoke = () => opened.then(() => ({ status: 200 }));
      await queueRevocations(theirs, 400);
      await world.host.called(({ form }) => form.get('token')?.startsWith(`pile-${theirs}-`) === true);
      const stopped = stopOne(mine);
      await eventually(async () => (await pendingOf(mine)) === 1);
      open();
      await stopped;
      expect(await pendingOf(theirs)).toBeGreaterThan(300);
      await eventually(async () => (await pendingOf(theirs)) === 0);
    });

    test('what was never tried goes before what has failed before', async () => {
      const [theirs, mine] = [await makeLink(world, stranger), await makeLink(world, person)];
      const { promise: opened, resolve: open } = Promise.withResolvers<void>();
      world.host.behaviour.revoke = () => opened.then(() => ({ status: 200 }));
      const client = await world.pool.connect();
      await client.query('begin');
      await client.query(
        `insert into revocation (id, owner_id, link_id, host_id, grant_id, attempts)
         select 'rev_' || l.id || '_' || n, l.owner_id, l.id, l.host_id, 'pile-' || l.id || '-' || n, 3
           from link l, generate_series(1, 400) n where l.id = $1`,
        [theirs],
      );
      await client.query(`update revocation_due set next_try_at = now() - interval '1 hour' where link_id = $1`, [
        theirs,
      ]);
      await client.query('commit');
      client.release();
      await world.host.called(({ form }) => form.get('token')?.startsWith(`pile-${theirs}-`) === true);
      const stopped = stopOne(mine);
      await eventually(async () => (await pendingOf(mine)) === 1);
      open();
      await stopped;
      expect(await pendingOf(theirs)).toBeGreaterThan(300);
      await eventually(async () => (await pendingOf(theirs)) === 0);
    });
  });
}
