import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { linkTokens, SCOPES } from './support/test-host.ts';
import { createWorld, eventually, makeConnection, makeLink, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  world.host.behaviour = {};
  person = await world.person();
});

interface Shown extends Record<string, unknown> {
  link_id: string;
  scopes: string[];
  grant_id: string;
}

const rows = async <Row extends Record<string, unknown>>(sql: string, values: readonly unknown[]): Promise<Row[]> =>
  (await world.pool.query<Row>(sql, [...values])).rows;
const stateOf = async (linkId: string): Promise<string | undefined> =>
  (await rows<{ state: string }>('select state from link where id = $1', [linkId]))[0]?.state;
const shownTo = async (connectionId: string): Promise<Shown[]> =>
  rows<Shown>('select link_id, scopes, grant_id from connection_host where connection_id = $1', [connectionId]);
const versionOf = async ({ ownerId }: Person): Promise<number> =>
  Number((await rows<{ v: string }>('select policy_version as v from owner where id = $1', [ownerId]))[0]?.v);
const breakLink = (linkId: string) => rows('select break_link(id, refresh_token) from link where id = $1', [linkId]);
const timelineOf = async ({ browser }: Person): Promise<string> => (await browser.get('/timeline')).words;

/** Presses "repair"; the callback URL with which the Host would answer. */
async function start(who: Person, linkId: string): Promise<string> {
  const page = await who.browser.submit('/hosts', `/hosts/${linkId}/repair`);
  expect([page.status, page.words]).toEqual([200, expect.stringContaining('Continue at Photos')]);
  const pushed = world.host.callsOf('/par').at(-1)?.form;
  const query = new URLSearchParams({ code: 'a-code', state: pushed?.get('state') ?? '', iss: world.host.issuer });
  return `${new URL(pushed?.get('redirect_uri') ?? 'x:').pathname}?${query.toString()}`;
}

async function finish(who: Person, callback: string): Promise<string> {
  const answer = await who.browser.get(callback);
  const linkId = /\/hosts\?made=(\S+)$/.exec(answer.headers.location ?? '')?.[1];
  if (linkId === undefined) throw new Error(`the callback answered ${answer.status}: ${answer.words}`);
  return linkId;
}

async function broken(): Promise<{ linkId: string; connectionId: string; grantId: string }> {
  const linkId = await makeLink(world, person);
  const { id: connectionId, grantIds } = await makeConnection(world, person, [linkId]);
  await breakLink(linkId);
  return { linkId, connectionId, grantId: grantIds[0] ?? '' };
}

describe('a repaired link', () => {
  test('takes over the connections of the broken one under new grants; the old one ends at its Host', async () => {
    const { linkId, connectionId, grantId } = await broken();
    await person.browser.submit('/hosts', `/hosts/${linkId}/name`, { label: 'the album' });
    expect((await person.browser.get('/')).words).toContain('“the album” is broken');
    const before = await versionOf(person);
    const fresh = await finish(person, await start(person, linkId));

    expect(fresh).not.toBe(linkId);
    expect([await stateOf(linkId), await stateOf(fresh)]).toEqual(['ended', 'active']);
    const [shown] = await shownTo(connectionId);
    expect(shown).toMatchObject({ link_id: fresh, scopes: ['photos.read'] });
    expect(shown?.grant_id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(shown?.grant_id).not.toBe(grantId);
    expect(await versionOf(person)).toBeGreaterThan(before);
    const page = (await person.browser.get(`/hosts?made=${fresh}`)).words;
    expect(page).toContain('“the album” at Photos works again');
    expect(page).toContain('Reader goes on with it: See your photos');
    expect(await timelineOf(person)).toContain('You repaired “the album” at Photos');
    await eventually(async () => {
      const revocations = await rows<{ state: string }>(
        'select state from revocation where link_id = $1 and grant_id is null',
        [linkId],
      );
      return revocations.length === 1 && revocations[0]?.state === 'confirmed';
    });
  });

  test('takes the rules that are pinned to the broken one along, and settles its open questions', async () => {
    const { linkId, connectionId } = await broken();
    const { ownerId } = person;
    await rows(
      `insert into rule (id, owner_id, connection_id, link_id, scope, effect)
       values ('rule_a' || $1, $1, $2, $3, 'photos.read', 'allow'), ('rule_b' || $1, $1, null, $3, null, 'deny')`,
      [ownerId, connectionId, linkId],
    );
    await rows(
      `insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, state, expires_at)
       select 'ask_' || $1, $1, $2, host_id, id, array['photos.read'], 'k', 'approved', now() + interval '1 day'
         from link where id = $3`,
      [ownerId, connectionId, linkId],
    );
    const fresh = await finish(person, await start(person, linkId));
    expect(await rows('select link_id, effect from rule where owner_id = $1 order by id', [ownerId])).toEqual([
      { link_id: fresh, effect: 'allow' },
      { link_id: fresh, effect: 'deny' },
    ]);
    expect(await rows('select state from ask where owner_id = $1', [ownerId])).toEqual([{ state: 'closed' }]);
  });

  test('never gives a Requester more than the new ceiling, and says what is lost', async () => {
    const { linkId, connectionId } = await broken();
    const other = await makeConnection(world, person, [linkId]);
    await rows(`update connection_host set scopes = array['photos.read', 'photos.write'] where connection_id = $1`, [
      connectionId,
    ]);
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ transfer_scope: 'photos.write' }) });
    const fresh = await finish(person, await start(person, linkId));
    expect(await shownTo(connectionId)).toMatchObject([{ link_id: fresh, scopes: ['photos.write'] }]);
    expect(await shownTo(other.id)).toEqual([]);
    expect((await person.browser.get(`/hosts?made=${fresh}`)).words).toContain(SCOPES['photos.write']);
    expect(await timelineOf(person)).toContain('Reader may no longer: See your photos.');
  });

  test('leaves alone what has ended, and what belongs to other links of the owner', async () => {
    const { linkId, connectionId, grantId } = await broken();
    await person.browser.submit('/apps', `/apps/${connectionId}/stop`);
    const second = await makeLink(world, person);
    const kept = await makeConnection(world, person, [second]);
    await finish(person, await start(person, linkId));
    expect(await shownTo(connectionId)).toMatchObject([{ link_id: linkId, grant_id: grantId }]);
    expect(await shownTo(kept.id)).toMatchObject([{ link_id: second, grant_id: kept.grantIds[0] }]);
    expect(await stateOf(second)).toBe('active');
  });
});

describe('repairing', () => {
  test('finished in another person’s browser, or another session, moves nothing and calls no Host', async () => {
    const { linkId, connectionId, grantId } = await broken();
    const callback = await start(person, linkId);
    const other = await world.person();
    await breakLink(await makeLink(world, other));
    const calls = world.host.callsOf('/token').length;
    const answer = await other.browser.get(callback);
    expect([answer.status, answer.words]).toEqual([400, expect.stringContaining('Nothing was linked')]);
    expect(world.host.callsOf('/token')).toHaveLength(calls);
    expect(await stateOf(linkId)).toBe('broken');
    expect(await shownTo(connectionId)).toMatchObject([{ link_id: linkId, grant_id: grantId }]);
    await finish(person, callback);
  });

  test('another person’s link, an ended one and an unknown one answer alike: 404, and nothing is fetched', async () => {
    const other = await world.person();
    const theirs = await makeLink(world, other);
    await breakLink(theirs);
    const ended = await makeLink(world, person);
    await person.browser.submit('/hosts', `/hosts/${ended}/stop`);
    const pushed = world.host.callsOf('/par').length;
    const answers = await Promise.all(
      [theirs, ended, 'link_0000', '%00'].map((id) => person.browser.submit('/hosts', `/hosts/${id}/repair`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(answers.slice(0, 3).map(({ words }) => words)).size).toBe(1);
    expect(world.host.callsOf('/par')).toHaveLength(pushed);
    expect(await stateOf(theirs)).toBe('broken');
  });

  test('needs the form’s token, and is counted as adding a Host is', async () => {
    const { linkId } = await broken();
    const pushed = world.host.callsOf('/par').length;
    expect((await person.browser.post(`/hosts/${linkId}/repair`, {})).status).toBe(403);
    expect(world.host.callsOf('/par')).toHaveLength(pushed);
    const strict = await world.replica({ limits: { ...world.config.limits, hostsAddedPerHour: 1 } });
    const at = person.browser.at(strict.port);
    expect((await at.submit('/hosts', `/hosts/${linkId}/repair`)).status).toBe(429);
    await strict.close();
  });

  test('begun twice and finished twice, moves the connections once; the second link is one of its own', async () => {
    const { linkId, connectionId } = await broken();
    const [one, two] = [await start(person, linkId), await start(person, linkId)];
    const ids = await Promise.all([finish(person, one), finish(person, two)]);
    const [shown] = await shownTo(connectionId);
    expect(ids).toContain(shown?.link_id);
    expect(await Promise.all([linkId, ...ids].map(stateOf))).toEqual(['ended', 'active', 'active']);
    const replaced = await rows<{ id: string; label: string }>('select id, label from link where replaces = $1', [
      linkId,
    ]);
    expect(replaced.map(({ id }) => id)).toEqual([shown?.link_id]);
    const labels = await rows<{ label: string }>('select label from link where id = any($1)', [ids]);
    expect(new Set(labels.map(({ label }) => label)).size).toBe(2);
  });

  test('a link that works is making it anew: it works until the new one is there', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    const callback = await start(person, linkId);
    expect(await stateOf(linkId)).toBe('active');
    const fresh = await finish(person, callback);
    expect(await stateOf(linkId)).toBe('ended');
    expect(await shownTo(id)).toMatchObject([{ link_id: fresh }]);
    expect(await timelineOf(person)).toContain('You renewed “my Photos” at Photos');
  });

  test('refused at the Host, or stopped here meanwhile, gives nothing to anybody', async () => {
    const { linkId, connectionId } = await broken();
    const refused = new URL(await start(person, linkId), world.issuer);
    refused.searchParams.delete('code');
    refused.searchParams.set('error', 'access_denied');
    expect((await person.browser.get(`${refused.pathname}${refused.search}`)).status).toBe(400);
    expect(await stateOf(linkId)).toBe('broken');
    const callback = await start(person, linkId);
    await person.browser.submit('/hosts', `/hosts/${linkId}/stop`);
    const own = await finish(person, callback);
    expect(await shownTo(connectionId)).toMatchObject([{ link_id: linkId }]);
    expect((await person.browser.get(`/hosts?made=${own}`)).words).toContain('Photos is linked');
  });

  test('a Host that cannot be reached leaves everything as it was, and the page says so', async () => {
    const { linkId } = await broken();
    await world.host.stop();
    const answer = await person.browser.submit('/hosts', `/hosts/${linkId}/repair`);
    await world.host.start();
    expect([answer.status, answer.words]).toEqual([400, expect.stringContaining('is as it was')]);
    expect(await stateOf(linkId)).toBe('broken');
  });
});
