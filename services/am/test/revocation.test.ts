import { patience } from '@chatelaine/test-kit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { turns } from './revocation/turns.ts';
import { linkTokens, startTestHost, type TestHost } from './support/test-host.ts';
import { createWorld, eventually, makeConnection, makeLink, type Person, type World } from './support/world.ts';

let world: World;
let person: Person;
let stranger: Person;
let hostile: TestHost[];

beforeAll(async () => {
  hostile = await Promise.all(Array.from({ length: 5 }, (_, n) => startTestHost(`hostile${n}`)));
  world = await createWorld({ hosts: hostile });
  person = await world.person();
  stranger = await world.person();
});
afterAll(async () => {
  await world.close();
  for (const host of hostile) await host.stop();
});
afterEach(() => {
  world.host.behaviour = {};
});

const revocations = async (
  linkId: string,
): Promise<{ state: string; attempts: number; last_error: string | null; grant_id: string | null }[]> =>
  (
    await world.pool.query(
      'select state, attempts, last_error, grant_id from revocation where link_id = $1 order by id',
      [linkId],
    )
  ).rows;
const settled = (linkId: string) =>
  eventually(async () => {
    const rows = await revocations(linkId);
    return rows.length > 0 && rows.every(({ state }) => state === 'confirmed') ? rows : null;
  });
const live = async (id: string): Promise<boolean> =>
  (await world.pool.query('select 1 from oauth_grant where id = $1 and ended_at is null', [id])).rowCount === 1;
const stop = (who: Person, id: string) => who.browser.submit('/requesters', `/requesters/${id}/stop`);

describe('stopping a connection', () => {
  test('it is over with the answer, and the Host is told within five seconds, as its client, by the grant’s id', async () => {
    const linkId = await makeLink(world, person);
    const { id, grantIds } = await makeConnection(world, person, [linkId]);
    expect((await person.browser.get('/requesters')).words).toContain('Reader');
    const started = performance.now();
    const answer = await stop(person, id);
    expect(answer.status).toBe(303);
    expect(await live(id)).toBe(false);
    const call = await world.host.called(({ path, form }) => path === '/revoke' && form.get('token') === grantIds[0]);
    expect(performance.now() - started).toBeLessThan(patience(5));
    expect(call.form.get('token_type_hint')).toBe('transfer_grant');
    expect(call.form.get('client_assertion')).not.toBeNull();
    await settled(linkId);
    expect((await person.browser.get('/requesters')).words).toMatch(/Reader , ended .* Photos confirmed/);
  });

  test('every process shows and knows it at once', async () => {
    const second = await world.replica();
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    await stop(person, id);
    expect((await person.browser.at(second.port).get('/requesters')).words).not.toContain('Stop Reader');
    await second.close();
  });

  test('two processes tell the Host of one end once', async () => {
    const second = await world.replica();
    const linkId = await makeLink(world, person);
    const made = await Promise.all(Array.from({ length: 10 }, () => makeConnection(world, person, [linkId])));
    await Promise.all(
      made.map(({ id }, n) =>
        stop({ ...person, browser: person.browser.at(n % 2 === 0 ? world.am.port : second.port) }, id),
      ),
    );
    await settled(linkId);
    for (const { grantIds } of made) {
      expect(world.host.calls.filter(({ form }) => form.get('token') === grantIds[0])).toHaveLength(1);
    }
    await second.close();
  });

  test('a Host that is down is shown as still being told, and is told after it is back', async () => {
    const linkId = await makeLink(world, person);
    const { id, grantIds } = await makeConnection(world, person, [linkId]);
    await world.host.stop();
    expect((await stop(person, id)).status).toBe(303);
    await eventually(async () => (await revocations(linkId))[0]?.attempts !== 0);
    expect((await person.browser.get('/requesters')).words).toMatch(/Photos still trying, \d+ tr(y|ies)/);
    await world.host.start();
    await world.host.called(({ form }) => form.get('token') === grantIds[0]);
    const rows = await settled(linkId);
    expect(rows[0]?.last_error).toBeNull();
  });

  test('only 200 confirms: whatever else the Host says, it is tried again', async () => {
    const replies = [
      { status: 503, json: { error: 'temporarily_unavailable' } },
      // it may only have failed to read our document
      { status: 401, json: { error: 'invalid_client' } },
      { status: 404, json: '<html>' },
      { status: 302, json: {} },
    ];
    const scripted = new Map<string, (typeof replies)[number]>();
    world.host.behaviour.revoke = ({ form }) => scripted.get(form.get('token') ?? '') ?? { status: 200 };
    const linkId = await makeLink(world, person);
    const made = await Promise.all(replies.map(() => makeConnection(world, person, [linkId])));
    for (const [n, { grantIds }] of made.entries())
      scripted.set(grantIds[0] ?? '', replies[n] ?? { status: 500, json: {} });
    await Promise.all(made.map(({ id }) => stop(person, id)));
    const rows = await eventually(async () => {
      const now = await revocations(linkId);
      return now.length === replies.length && now.every(({ attempts }) => attempts >= 2) ? now : null;
    });
    for (const row of rows) expect(row).toMatchObject({ state: 'pending', last_error: expect.stringMatching(/./) });
    scripted.clear();
    await settled(linkId);
  });

  test('an end that no process announced is found by the sweep', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    await world.pool.query(`select oauth_end_grant($1, 'client')`, [id]);
    await settled(linkId);
  });

  test('after a week a Host is given up, and the owner told what to do', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    world.host.behaviour.revoke = () => ({ status: 503 });
    await stop(person, id);
    await world.pool.query(`update revocation set created_at = now() - interval '8 days' where link_id = $1`, [linkId]);
    await eventually(async () => (await revocations(linkId))[0]?.state === 'failed');
    expect((await person.browser.get('/requesters')).words).toContain('could not be told in a week');
    expect((await person.browser.get('/timeline')).words).toContain('could not be told in a week');
  });

  test('another person’s connection, one that never was, and a strange id answer alike: 404, and nothing ends', async () => {
    const linkId = await makeLink(world, stranger);
    const { id } = await makeConnection(world, stranger, [linkId]);
    const answers = await Promise.all([
      stop(person, id),
      stop(person, 'con_0000000000000000'),
      stop(person, '%00'),
      stop(person, "'or'1'='1"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    const [theirs, none] = answers.map(({ words }) => words);
    expect(theirs).toBe(none);
    expect(await live(id)).toBe(true);
    expect((await person.browser.get('/requesters')).words).not.toContain(id);
  });

  test('a repeat changes nothing', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    expect([(await stop(person, id)).status, (await stop(person, id)).status]).toEqual([303, 303]);
    expect(await revocations(linkId)).toHaveLength(1);
  });

  test('a form without its token, or from another site, stops nothing', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    const path = `/requesters/${id}/stop`;
    const answers = await Promise.all([
      person.browser.post(path, {}),
      person.browser.post(path, {}, { 'sec-fetch-site': 'cross-site' }),
      person.browser.post('/stop-everything', {}),
      person.browser.post(`/hosts/${linkId}/stop`, {}),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(await live(id)).toBe(true);
  });

  test('when the database fails, the answer is 503, never success; the next try succeeds', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    await world.pool.query(
      `create function no_end() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '53100'; end $$`,
    );
    await world.pool.query('create trigger no_end before insert on revocation for each row execute function no_end()');
    const answers = [
      await stop(person, id),
      await person.browser.submit('/requesters', '/stop-everything'),
      await person.browser.submit('/hosts', `/hosts/${linkId}/stop`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(await live(id)).toBe(true);
    await world.pool.query('drop trigger no_end on revocation; drop function no_end()');
    expect((await stop(person, id)).status).toBe(303);
    expect(await live(id)).toBe(false);
  });
});

describe('stopping a link', () => {
  test('it is over with the answer; the Host is told with the refresh token, and nothing usable is kept', async () => {
    const own = 'the refresh token of this link';
    world.host.behaviour.token = () => ({ status: 200, json: linkTokens({ refresh_token: own }) });
    const linkId = await makeLink(world, person);
    const answer = await person.browser.submit('/hosts', `/hosts/${linkId}/stop`);
    expect(answer.status).toBe(303);
    const { rows } = await world.pool.query('select state from link where id = $1', [linkId]);
    expect(rows[0]?.state).toBe('ended');
    await settled(linkId);
    // what was stopped before may be told only now, too
    const told = world.host.callsOf('/revoke').filter(({ form }) => form.get('token') === own);
    expect(told.map(({ form }) => form.get('token_type_hint'))).toEqual(['refresh_token']);
    const after = await world.pool.query(
      'select access_token, refresh_token, access_expires_at from link where id = $1',
      [linkId],
    );
    expect(after.rows[0]).toEqual({ access_token: null, refresh_token: null, access_expires_at: null });
    expect((await person.browser.get('/timeline')).words).toContain('you stopped it');
  });

  test('another person’s link is not there: not to stop, not to name, not to see', async () => {
    const linkId = await makeLink(world, stranger);
    expect((await person.browser.submit('/hosts', `/hosts/${linkId}/stop`)).status).toBe(404);
    expect((await person.browser.submit('/hosts/add', `/hosts/${linkId}/name`, { label: 'mine' })).status).toBe(404);
    expect((await person.browser.get('/hosts')).text).not.toContain(linkId);
    const { rows } = await world.pool.query('select state, label from link where id = $1', [linkId]);
    expect(rows[0]).toMatchObject({ state: 'active' });
    expect(rows[0]?.label).not.toBe('mine');
  });

  test('a link can be named; what hides or turns text around cannot be a name', async () => {
    const linkId = await makeLink(world, person);
    expect(
      (await person.browser.submit('/hosts', `/hosts/${linkId}/name`, { label: 'the family <b>album</b>' })).status,
    ).toBe(303);
    const page = await person.browser.get('/hosts');
    expect(page.text).not.toContain('<b>album');
    expect(page.words).toContain('the family <b>album</b>');
    for (const label of ['', '   ', 'x'.repeat(61), 'a\u202eb', 'a\u200bb']) {
      expect((await person.browser.submit('/hosts', `/hosts/${linkId}/name`, { label })).status).toBe(400);
    }
  });
});

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
    const answer = await everyone.browser.submit('/requesters', '/stop-everything');
    expect([answer.status, answer.headers.location]).toEqual([303, '/ends']);
    expect((await everyone.browser.get('/ends')).words.match(/(Reader|my Photos(, account 2)?) , ended/g)).toHaveLength(
      4,
    );
    for (const { id } of connections) expect(await live(id)).toBe(false);
    expect(await live(kept.id)).toBe(true);
    const { rows } = await world.pool.query('select id, state from link where id = any($1)', [[...mine, theirs]]);
    expect(rows.filter(({ state }) => state === 'ended')).toHaveLength(2);
    for (const linkId of mine) await settled(linkId);
  });

  test('races with single stops end well', async () => {
    const everyone = await world.person();
    const linkIds = [await makeLink(world, everyone), await makeLink(world, everyone), await makeLink(world, everyone)];
    const made = await Promise.all(
      Array.from({ length: 8 }, () => makeConnection(world, everyone, linkIds.slice(0, 1))),
    );
    const answers = await Promise.all([
      everyone.browser.submit('/requesters', '/stop-everything'),
      ...made.map(({ id }) => stop(everyone, id)),
      ...linkIds.map((linkId) => everyone.browser.submit('/hosts', `/hosts/${linkId}/stop`)),
    ]);
    for (const { status } of answers) expect([200, 303, 404]).toContain(status);
    for (const { id } of made) expect(await live(id)).toBe(false);
    for (const { id } of made) {
      const told = await world.pool.query('select 1 from revocation where connection_id = $1', [id]);
      expect(told.rowCount).toBeLessThanOrEqual(1);
    }
  });
});

describe('the queue', () => {
  test('an end in the hands of a process that died is taken up by another', async () => {
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    // as a killed process leaves it: taken a while ago by somebody who will not come back
    const client = await world.pool.connect();
    await client.query('begin');
    await client.query(`select oauth_end_grant($1, 'client')`, [id]);
    await client.query(`update revocation_due set held_until = now() + interval '2 seconds' where connection_id = $1`, [
      id,
    ]);
    await client.query('commit');
    client.release();
    await eventually(async () => (await revocations(linkId))[0]?.state === 'confirmed');
  });

  turns(() => ({ world, person, stranger, hostile }));
});
