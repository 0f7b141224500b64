import { describe, expect, test } from '@jest/globals';
import { linkToken, type LinkTokenDeps } from '../../src/links/link-token.ts';
import { openResources } from '../../src/resources.ts';
import { linkTokens } from '../support/test-host.ts';
import { eventually, makeLink } from '../support/world.ts';
import { close, deps, get, person, refreshes, world } from './scene.ts';

/** When the token of a link is refreshed, and by how many processes at once. */
export function refreshing(): void {
  const expire = (linkId: string) =>
    world.pool.query(`update link set access_expires_at = now() + interval '59 seconds' where id = $1`, [linkId]);

  /** The process reads the link, reads it again when its turn has come, and claims the refresh. */
  const QUERIES_TO_CLAIM = 3;

  describe('the token of a link', () => {
    test('is the stored one while it lasts', async () => {
      world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ access_token: 'first' }) });
      const linkId = await makeLink(world, person);
      const before = refreshes();
      expect(await get(linkId)).toMatchObject({
        kind: 'token',
        token: 'first',
        metadata: { issuer: world.host.issuer },
      });
      expect(refreshes()).toBe(before);
    });

    test('is refreshed with less than a minute left, and the new one is kept', async () => {
      const linkId = await makeLink(world, person);
      await expire(linkId);
      world.host.behaviour.token = () => ({
        status: 200,
        json: linkTokens({ access_token: 'renewed', refresh_token: undefined }),
      });
      expect(await get(linkId)).toMatchObject({ kind: 'token', token: 'renewed' });
      const before = refreshes();
      expect(await get(linkId)).toMatchObject({ kind: 'token', token: 'renewed' });
      expect(refreshes()).toBe(before);
      await get(linkId, 'now');
      expect(refreshes()).toBe(before + 1);
    });

    test('asked for many times at once is refreshed once', async () => {
      const linkId = await makeLink(world, person);
      await expire(linkId);
      const before = refreshes();
      const answers = await Promise.all(Array.from({ length: 20 }, () => get(linkId)));
      expect(new Set(answers.map((answer) => (answer.kind === 'token' ? answer.token : answer.kind))).size).toBe(1);
      expect(refreshes()).toBe(before + 1);
    });

    test('at two processes at once is refreshed once at a rotating Host: neither breaks the link', async () => {
      const linkId = await makeLink(world, person);
      const first = world.host.callsOf('/token').length;
      let current: string | null = null;
      let turn = 0;
      world.host.behaviour.token = async ({ form }) => {
        const used = form.get('refresh_token');
        current ??= used;
        // like a Host that takes a refresh token used twice for a stolen one
        if (used !== current) return { status: 400, json: { error: 'invalid_grant' } };
        current = `rotated-${++turn}`;
        const json = linkTokens({ access_token: `at-${turn}`, refresh_token: current });
        await answered;
        return { status: 200, json };
      };
      let answer = (): void => undefined;
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      // with a pool of its own it acts as another process, which does not share the refresh in memory
      const other = await openResources(world.config);
      const elsewhere = { ...deps, pool: other.pool, prisma: other.prisma };
      const ask = (at: LinkTokenDeps) => linkToken(at, { linkId, ownerId: person.ownerId, refresh: 'now' });
      const one = ask(deps);
      await eventually(async () => world.host.callsOf('/token').length > first);
      // it reads the link twice, cannot claim the refresh, and from then on checks whether the other process is done
      let queries = 0;
      other.pool.on('acquire', () => queries++);
      const two = ask(elsewhere);
      await eventually(async () => queries > QUERIES_TO_CLAIM);
      answer();
      expect([await one, await two].map((got) => got.kind === 'token' && got.token)).toEqual(['at-1', 'at-1']);
      expect(turn).toBe(1);
      const { rows } = await world.pool.query('select state, renewal_id from link where id = $1', [linkId]);
      expect(rows).toEqual([{ state: 'active', renewal_id: null }]);
      await close(other);
    });

    test('is not broken by a refusal that comes when another process has taken the refresh over', async () => {
      const linkId = await makeLink(world, person);
      world.host.behaviour.token = async () => {
        await world.pool.query(`update link set renewal_id = 'another' where id = $1`, [linkId]);
        return { status: 400, json: { error: 'invalid_grant' } };
      };
      await get(linkId, 'now');
      const { rows } = await world.pool.query('select state from link where id = $1', [linkId]);
      expect(rows).toEqual([{ state: 'active' }]);
      await world.pool.query('update link set renewal_id = null, renewal_until = null where id = $1', [linkId]);
    });

    test('is kept though the database breaks off while it is written: a rotating Host gives it once', async () => {
      const linkId = await makeLink(world, person);
      const holder = await world.pool.connect();
      world.host.behaviour.token = async () => {
        await holder.query('begin');
        await holder.query('select from link where id = $1 for update', [linkId]);
        return { status: 200, json: linkTokens({ access_token: 'after', refresh_token: 'rotated' }) };
      };
      const renewed = get(linkId, 'now');
      const broken = await eventually(async () => {
        const { rowCount } = await world.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return (rowCount ?? 0) > 0;
      });
      expect(broken).toBe(true);
      await holder.query('rollback');
      holder.release();
      expect(await renewed).toMatchObject({ kind: 'token', token: 'after' });
      world.host.behaviour.token = () => ({ status: 200, json: linkTokens() });
      await get(linkId, 'now');
      expect(world.host.callsOf('/token').at(-1)?.form.get('refresh_token')).toBe('rotated');
    });

    test('a rotated refresh token is the one used next', async () => {
      const linkId = await makeLink(world, person);
      world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ refresh_token: 'rotated' }) });
      await get(linkId, 'now');
      await get(linkId, 'now');
      expect(world.host.callsOf('/token').at(-1)?.form.get('refresh_token')).toBe('rotated');
    });
  });
}
