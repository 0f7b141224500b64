import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestHost, type TestHost } from './support/test-host.ts';
import { createWorld, eventually, makeConnection, makeLink, type Person, type World } from './support/world.ts';

let world: World;
let others: TestHost[];

beforeAll(async () => {
  others = await Promise.all(['calendar', 'notes'].map((name) => startTestHost(name)));
  world = await createWorld({ hosts: others });
});
afterAll(async () => {
  await world.close();
  for (const host of others) await host.stop();
});

const live = async (ids: readonly string[]): Promise<number> =>
  (await world.pool.query('select from oauth_grant where id = any($1) and ended_at is null', [ids])).rowCount ?? 0;

/** A person who connected one app three times, each time to another of three services. */
async function threeTimes(): Promise<{ person: Person; linkIds: string[]; ids: string[]; grantIds: string[] }> {
  const person = await world.person();
  const linkIds: string[] = [];
  for (const host of [world.host, ...others]) linkIds.push(await makeLink(world, person, host));
  const made = [];
  for (const linkId of linkIds) made.push(await makeConnection(world, person, [linkId]));
  return { person, linkIds, ids: made.map(({ id }) => id), grantIds: made.flatMap((one) => one.grantIds) };
}

/** Writes a transfer whose token was handed out `secondsAgo` seconds ago. */
async function handedOut(id: string, linkId: string, secondsAgo: number): Promise<void> {
  await world.pool.query(
    `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
      policy_version, state, started_at, closed_at)
     select 0, time_id('tr'), owner_id, $1, id, host_id, 'https://reader.example/client', 'r', array['photos.read'],
       'j', 0, 'minted', at, at from link, (select now() - make_interval(secs => $3) as at) ago where id = $2`,
    [id, linkId, secondsAgo],
  );
}

describe('an app that was connected three times', () => {
  test('is one entry, and its page has what any of its connections is shown', async () => {
    const { person, ids, linkIds } = await threeTimes();
    await handedOut(ids[0] ?? '', linkIds[0] ?? '', 60);
    const list = await person.browser.get('/apps');
    expect(list.words.match(/Stop Reader/g)).toHaveLength(1);
    expect(list.words).toMatch(/, 3 times/);
    expect(list.words).toMatch(/Last used [0-9]/);
    const pages = await Promise.all(ids.map(async (id) => (await person.browser.get(`/apps/${id}`)).words));
    for (const page of pages) {
      expect(page).toContain('all 3 of its connections end');
      expect(page).toContain('3 connections');
      expect(page.match(/Ask me each time/g)).toHaveLength(3);
      expect(page.match(/End this one/g)).toHaveLength(3);
      expect(page.match(/not used yet/g)).toHaveLength(2);
    }
  });

  test('is stopped as a whole: all its connections end, every service is told, and nobody else loses', async () => {
    const { person, ids, grantIds, linkIds } = await threeTimes();
    const stranger = await threeTimes();
    const kept = await makeConnection(world, person, [linkIds[0] ?? '']);
    await world.pool.query(`update connection set client_id = 'https://other.example/' where id = $1`, [kept.id]);
    await world.pool.query(`update oauth_grant set client_id = 'https://other.example/' where id = $1`, [kept.id]);
    const stopped = await person.browser.submit('/apps', `/apps/${ids[1]}/stop`);
    expect([stopped.status, stopped.headers.location]).toEqual([303, `/apps/${ids[1]}`]);
    expect([await live(ids), await live(stranger.ids), await live([kept.id])]).toEqual([0, 3, 1]);
    await Promise.all(
      [world.host, ...others].map((host, n) => host.called(({ form }) => form.get('token') === grantIds[n])),
    );
    const page = await eventually(async () => {
      const { words } = await person.browser.get(`/apps/${ids[0]}`);
      return words.includes('Nothing is left') ? words : null;
    });
    expect(page).toContain('Reader is stopped');
    expect(page).toContain('All 3 connections of it ended on');
    expect(page).toContain('all 3 services have confirmed that nothing of it is alive there');
    expect((await person.browser.get('/apps')).words.match(/Stop Reader/g)).toHaveLength(1);
  });

  test('and stopped while a service is down: each sentence is true when shown, until that one confirms', async () => {
    const { person, ids, linkIds, grantIds } = await threeTimes();
    const [, calendar] = [world.host, ...others];
    await calendar?.stop();
    await handedOut(ids[1] ?? '', linkIds[1] ?? '', 100);
    await handedOut(ids[1] ?? '', linkIds[1] ?? '', 280);
    await handedOut(ids[0] ?? '', linkIds[0] ?? '', 10);
    await person.browser.submit('/apps', `/apps/${ids[0]}/stop`);
    const look = async () => (await person.browser.get(`/apps/${ids[2]}`)).words;
    const waiting = await eventually(async () => {
      const words = await look();
      return words.includes('2 of 3 services confirmed so far') && words.includes('still trying') ? words : null;
    });
    // the time is that of the service that is down, not of one that has confirmed
    const { rows } = await world.pool.query<{ at: string }>(
      `select to_char(date_trunc('minute', max(closed_at) + interval '359.999 seconds') at time zone 'UTC', 'HH24:MI')
        as at from transfer where connection_id = $1`,
      [ids[1]],
    );
    expect(waiting).toContain(`The newest key that it may still use dies at ${rows[0]?.at} UTC at the latest.`);
    expect(waiting).not.toContain('Nothing is left');
    const open = await person.browser.get(`/apps/${ids[2]}`);
    expect(open.headers['content-security-policy']).toContain("script-src 'self'");
    const [script = ''] = /\/live\.js\?v=[^"]+/.exec(open.text) ?? [];
    expect((await person.browser.get(script)).headers['content-type']).toBe('text/javascript; charset=utf-8');
    await world.pool.query(
      `update transfer set started_at = started_at - interval '5 minutes', closed_at = closed_at - interval '5 minutes'
      where connection_id = any($1)`,
      [ids],
    );
    const dead = await look();
    expect(dead).toContain('No key that it got through here is alive any more.');
    expect(dead).toContain('2 of 3 services confirmed so far');
    await calendar?.start();
    await calendar?.called(({ form }) => form.get('token') === grantIds[1]);
    expect(
      await eventually(async () => {
        const words = await look();
        return words.includes('Nothing is left') && !words.includes('still trying');
      }),
    ).toBe(true);
    // the page has no script once there is nothing left to wait for
    const over = await person.browser.get(`/apps/${ids[2]}`);
    expect([over.text.includes('<script'), over.headers['content-security-policy']?.includes('script-src')]).toEqual([
      false,
      false,
    ]);
  });

  test('loses one of its connections and goes on with the others, and its page says both', async () => {
    const { person, ids } = await threeTimes();
    const ended = await person.browser.submit(`/apps/${ids[0]}`, `/apps/${ids[0]}/end-connection`);
    expect(ended.status).toBe(303);
    expect([await live(ids), await live([ids[0] ?? ''])]).toEqual([2, 0]);
    const { words } = await person.browser.get(`/apps/${ids[0]}`);
    expect(words).toContain('One connection ended on');
    expect(words).toContain('both of its connections end');
    const list = (await person.browser.get('/apps')).words;
    expect(list).toMatch(/Reader , one connection ended .* 2 others of it go on\./);
    expect(list).not.toContain('It can obtain nothing any more');
  });

  test('says of what ended only what concerns it, not what a service has yet to confirm for a live one', async () => {
    const { person, ids, linkIds } = await threeTimes();
    await world.pool.query(
      `insert into revocation (owner_id, link_id, host_id, connection_id, grant_id, state)
       select owner_id, id, host_id, $1, 'given-up', 'failed' from link where id = $2`,
      [ids[1], linkIds[1]],
    );
    await person.browser.submit(`/apps/${ids[0]}`, `/apps/${ids[0]}/end-connection`);
    await eventually(async () => (await person.browser.get(`/apps/${ids[0]}`)).words.includes('confirmed'));
    expect((await person.browser.get(`/apps/${ids[0]}`)).words).not.toContain('could not be told');
  });

  test('has one answer for all of its connections, which the owner chooses where they differ', async () => {
    const person = await world.person();
    const linkId = await makeLink(world, person);
    const two = [await makeConnection(world, person, [linkId]), await makeConnection(world, person, [linkId])];
    const ids = two.map(({ id }) => id);
    await world.pool.query(
      `insert into rule (id, owner_id, connection_id, link_id, scope, effect)
        values ($1, $2, $3, $4, 'photos.read', 'allow')`,
      [`rule_${randomBytes(4).toString('hex')}`, person.ownerId, ids[0], linkId],
    );
    const path = `/apps/${ids[1]}`;
    const page = await person.browser.get(path);
    expect(page.words).toContain('Its connections have different answers');
    expect(page.text).not.toContain('checked');
    const field = `rule:${linkId}:photos.read`;
    expect((await person.browser.submit(path, `${path}/rules`, { [field]: 'deny' })).status).toBe(303);
    const { rows } = await world.pool.query(
      'select connection_id, effect from rule where owner_id = $1 and expires_at is null order by 1',
      [person.ownerId],
    );
    expect(rows).toEqual(ids.toSorted().map((id) => ({ connection_id: id, effect: 'deny' })));
    expect((await person.browser.get(path)).text).toContain(`name="${field}" value="deny" checked`);
  });

  test('is not changed by a form that was filled in on what was different', async () => {
    const person = await world.person();
    const linkId = await makeLink(world, person);
    const { id } = await makeConnection(world, person, [linkId]);
    const path = `/apps/${id}`;
    const field = `rule:${linkId}:photos.read`;
    const old = await person.browser.get(path);
    const shown = /name="shown" value="([^"]+)"/.exec(old.text)?.[1];
    expect((await person.browser.submit(path, `${path}/rules`, { [field]: 'deny' })).status).toBe(303);
    for (const given of [shown, '', 'x'.repeat(43)]) {
      const late = await person.browser.submit(path, `${path}/rules`, { [field]: 'allow', shown: given });
      expect([late.status, late.words]).toEqual([409, expect.stringContaining('nothing was saved')]);
    }
    const { rows } = await world.pool.query('select effect from rule where connection_id = $1', [id]);
    expect(rows).toEqual([{ effect: 'deny' }]);
  });
});

describe('stopping an app', () => {
  test('twice at once from two processes, while one of its connections ends, ends each connection once', async () => {
    const second = await world.replica();
    const { person, ids } = await threeTimes();
    const elsewhere = person.browser.at(second.port);
    const answers = await Promise.all([
      person.browser.submit('/apps', `/apps/${ids[0]}/stop`),
      elsewhere.submit('/apps', `/apps/${ids[1]}/stop`),
      person.browser.submit(`/apps/${ids[2]}`, `/apps/${ids[2]}/end-connection`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect(await live(ids)).toBe(0);
    const { rows } = await world.pool.query(
      'select count(*)::int as n from revocation where connection_id = any($1) group by connection_id',
      [ids],
    );
    expect(rows).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    await second.close();
  });

  test('again, when nothing of it lives, ends what it has begun meanwhile', async () => {
    const { person, ids } = await threeTimes();
    await person.browser.submit('/apps', `/apps/${ids[0]}/stop`);
    const epoch = async (): Promise<Date> =>
      (
        await world.pool.query<{ at: Date }>('select stopped_at as at from stop_epoch where owner_id = $1', [
          person.ownerId,
        ])
      ).rows[0]?.at ?? new Date(0);
    const before = await epoch();
    expect((await person.browser.submit('/apps', `/apps/${ids[0]}/stop`)).status).toBe(303);
    expect((await epoch()).getTime()).toBeGreaterThan(before.getTime());
  });

  test('of another person, one that never was, and a strange id answer alike: 404, and nothing ends', async () => {
    const { ids } = await threeTimes();
    const thief = await world.person();
    const strange = [ids[0] ?? '', 'con_0000000000000000', '%00', "'or'1'='1", '..%2fstop-everything'];
    for (const what of ['stop', 'end-connection', 'rules']) {
      const answers = [];
      for (const id of strange) answers.push(await thief.browser.submit('/apps', `/apps/${id}/${what}`));
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
      expect(answers[0]?.words).toBe(answers[1]?.words);
    }
    expect((await thief.browser.get(`/apps/${ids[0]}`)).status).toBe(404);
    expect(await live(ids)).toBe(3);
  });

  test('needs the form’s token, our own page, and somebody who is signed in', async () => {
    const { person, ids } = await threeTimes();
    for (const what of ['stop', 'end-connection']) {
      const path = `/apps/${ids[0]}/${what}`;
      const answers = [
        await person.browser.post(path, {}),
        await person.browser.post(path, {}, { 'sec-fetch-site': 'cross-site' }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    }
    expect(await live(ids)).toBe(3);
  });
});
