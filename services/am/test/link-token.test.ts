import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHostGate } from '../src/links/host-gate.ts';
import { linkToken, type LinkTokenDeps } from '../src/links/link-token.ts';
import { openResources } from '../src/resources.ts';
import { linkTokens } from './support/test-host.ts';
import { createWorld, eventually, makeLink, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;
let deps: LinkTokenDeps;
let close: () => Promise<void>;

beforeAll(async () => {
  world = await createWorld();
  person = await world.person();
  const resources = await openResources(world.config);
  const { log } = world.am.app;
  const limits = { ...world.config.limits.hostCalls, failuresToOpen: 1_000 };
  deps = { ...resources, log, hostGate: createHostGate({ log, limits }) };
  close = async () => {
    await resources.outbound.close();
    await resources.prisma.$disconnect();
    await resources.pool.end();
  };
});
afterAll(async () => {
  await close();
  await world.close();
});
beforeEach(() => {
  world.host.behaviour = {};
});

const get = (linkId: string, renew: 'if-needed' | 'now' = 'if-needed') =>
  linkToken(deps, { linkId, ownerId: person.ownerId, renew });
const version = async (): Promise<string> =>
  (await world.pool.query('select policy_version from owner where id = $1', [person.ownerId])).rows[0]?.policy_version;
const expire = (linkId: string) =>
  world.pool.query(`update link set access_expires_at = now() + interval '59 seconds' where id = $1`, [linkId]);
const refreshes = (): number =>
  world.host.callsOf('/token').filter(({ form }) => form.get('grant_type') === 'refresh_token').length;

describe('the token of a link', () => {
  test('is the stored one while it lasts', async () => {
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ access_token: 'first' }) });
    const linkId = await makeLink(world, person);
    const before = refreshes();
    expect(await get(linkId)).toMatchObject({ kind: 'token', token: 'first', metadata: { issuer: world.host.issuer } });
    expect(refreshes()).toBe(before);
  });

  test('is renewed with less than a minute left, and the new one is kept', async () => {
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

  test('asked for many times at once is renewed once', async () => {
    const linkId = await makeLink(world, person);
    await expire(linkId);
    const before = refreshes();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(linkId)));
    expect(new Set(answers.map((answer) => (answer.kind === 'token' ? answer.token : answer.kind))).size).toBe(1);
    expect(refreshes()).toBe(before + 1);
  });

  test('at two processes at once is renewed once at a Host that rotates: neither breaks the link, and both go on', async () => {
    const linkId = await makeLink(world, person);
    const first = world.host.callsOf('/token').length;
    let current: string | null = null;
    let turn = 0;
    world.host.behaviour.token = async ({ form }) => {
      const used = form.get('refresh_token');
      current ??= used;
      // as a Host that takes a refresh token which is used twice for a stolen one
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
    // a pool of its own is what makes it another process to whom the renewal is not shared
    const other = await openResources(world.config);
    const elsewhere = { ...deps, pool: other.pool, prisma: other.prisma };
    const ask = (at: LinkTokenDeps) => linkToken(at, { linkId, ownerId: person.ownerId, renew: 'now' });
    const one = ask(deps);
    await eventually(async () => world.host.callsOf('/token').length > first);
    const two = ask(elsewhere);
    const claimed = async () =>
      (await world.pool.query('select from link where id = $1 and renewal_until > now()', [linkId])).rowCount === 1;
    await eventually(claimed);
    answer();
    expect([await one, await two].map((got) => got.kind === 'token' && got.token)).toEqual(['at-1', 'at-1']);
    expect(turn).toBe(1);
    const { rows } = await world.pool.query('select state, renewal_id from link where id = $1', [linkId]);
    expect(rows).toEqual([{ state: 'active', renewal_id: null }]);
    await other.outbound.close();
    await other.prisma.$disconnect();
    await other.pool.end();
  });

  test('is not broken by a refusal that comes when another process has taken the renewal over', async () => {
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

  test('is kept though the database breaks off while it is written: a Host that rotates hands it out once', async () => {
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
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
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

  test('stopped while the Host answers with another refresh token: that one is given back, for nobody here knows of it any more', async () => {
    const linkId = await makeLink(world, person);
    world.host.behaviour.token = async () => {
      const { rows } = await world.pool.query('select end_link($1, $2) as ended', [person.ownerId, linkId]);
      expect(rows).toEqual([{ ended: true }]);
      return { status: 200, json: linkTokens({ refresh_token: 'rotated-too-late' }) };
    };
    expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
    expect(world.host.callsOf('/revoke').map(({ form }) => form.get('token'))).toContain('rotated-too-late');
  });

  test('a ceiling that changed is stored, and moves the decision version; one that did not, does not', async () => {
    const linkId = await makeLink(world, person);
    const before = await version();
    world.host.behaviour.token = () => ({
      status: 200,
      json: linkTokens({ transfer_scope: 'photos.write photos.read' }),
    });
    await get(linkId, 'now');
    expect(await version()).toBe(before);
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ transfer_scope: 'photos.read' }) });
    await get(linkId, 'now');
    expect(await version()).toBe(String(BigInt(before) + 1n));
    const { rows } = await world.pool.query('select transfer_scope from link where id = $1', [linkId]);
    expect(rows[0]?.transfer_scope).toEqual(['photos.read']);
  });

  test('invalid_grant breaks the link, says so to its owner, and the Host is not asked again', async () => {
    const linkId = await makeLink(world, person);
    world.host.behaviour.token = () => ({ status: 400, json: { error: 'invalid_grant' } });
    expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
    const before = refreshes();
    expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
    expect(refreshes()).toBe(before);
    expect((await person.browser.get('/hosts')).words).toContain('Photos no longer honours this link');
    expect((await person.browser.get('/timeline')).words).toContain('broke: Photos no longer honours it');
  });

  test.each([
    ['invalid_client', { status: 401, json: { error: 'invalid_client' } }, { kind: 'unusable' }],
    ['a server error', { status: 500, json: { error: 'server_error' } }, { kind: 'unusable' }],
    [
      'invalid_grant with a status that is not its own',
      { status: 503, json: { error: 'invalid_grant' } },
      { kind: 'busy', retryAfter: 5 },
    ],
    ['a page', { status: 200, json: 'hello' }, { kind: 'unusable' }],
    ['another scope', { status: 200, json: linkTokens({ scope: 'photos.read' }) }, { kind: 'unusable' }],
  ])('%s does not break it', async (_name, reply, expected) => {
    const linkId = await makeLink(world, person);
    world.host.behaviour.token = () => reply;
    expect(await get(linkId, 'now')).toEqual(expected);
    world.host.behaviour = {};
    expect((await get(linkId, 'now')).kind).toBe('token');
  });

  test('how long the Host wants to be left alone is passed on', async () => {
    const linkId = await makeLink(world, person);
    world.host.behaviour.token = () => ({
      status: 429,
      json: { error: 'temporarily_unavailable' },
      headers: { 'retry-after': '7' },
    });
    expect(await get(linkId, 'now')).toEqual({ kind: 'busy', retryAfter: 7 });
  });

  test('a Host that hangs is a timeout within its limit', async () => {
    const linkId = await makeLink(world, person);
    world.host.behaviour.token = () => 'hang';
    expect(await get(linkId, 'now')).toEqual({ kind: 'timeout' });
  });

  test('is never given for another owner, an ended link, or none', async () => {
    const linkId = await makeLink(world, person);
    const stranger = await world.person();
    expect(await linkToken(deps, { linkId, ownerId: stranger.ownerId, renew: 'if-needed' })).toEqual({
      kind: 'broken',
    });
    expect(await get('link_none')).toEqual({ kind: 'broken' });
    await person.browser.submit('/hosts', `/hosts/${linkId}/stop`);
    expect(await get(linkId)).toEqual({ kind: 'broken' });
    expect(await get(linkId, 'now')).toEqual({ kind: 'broken' });
  });

  test('sealed for one link it does not open in another', async () => {
    const [a, b] = [await makeLink(world, person), await makeLink(world, person)];
    await world.pool.query(
      'update link t set access_token = s.access_token from link s where t.id = $1 and s.id = $2',
      [a, b],
    );
    expect(await get(a)).toEqual({ kind: 'unopened' });
    await world.pool.query('update link set access_token = refresh_token where id = $1', [b]);
    expect(await get(b)).toEqual({ kind: 'unopened' });
  });

  test('a link stopped while the Host is renewing it hands out nothing', async () => {
    const linkId = await makeLink(world, person);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    world.host.behaviour.token = async () => {
      await held;
      return { status: 200, json: linkTokens() };
    };
    const before = refreshes();
    const answer = get(linkId, 'now');
    await eventually(async () => refreshes() > before);
    await person.browser.submit('/hosts', `/hosts/${linkId}/stop`);
    release();
    expect(await answer).toEqual({ kind: 'broken' });
  });
});
