import { randomId } from '@chatelaine/crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createLinkedWorld } from './support/world.ts';

const { world, host, link } = await createLinkedWorld();
afterAll(() => world.close());

const stop = (grantId: string, of = host) =>
  world.am.post(of, '/revoke', { token: grantId, token_type_hint: 'transfer_grant' });

describe('ending a transfer grant', () => {
  test('kills its tokens at once, on every process, and lets nothing be minted under it again', async () => {
    const replica = await world.replica(host);
    const grantId = randomId();
    const token = await world.am.token(host, { link, grantId });
    const other = await world.am.token(host, { link });
    expect((await replica.call(token)).status).toBe(200);
    expect((await stop(grantId)).status).toBe(200);
    expect((await host.call(token)).status).toBe(401);
    expect((await replica.call(token)).status).toBe(401);
    const again = await world.am.transfer(host, { link, grantId });
    expect([again.status, again.json['error']]).toEqual([400, 'invalid_request']);
    expect((await host.call(other)).status).toBe(200);
    expect((await stop(grantId)).status).toBe(200);
  });

  test('before its first mint arrives leaves a tombstone', async () => {
    const grantId = randomId();
    expect((await stop(grantId)).status).toBe(200);
    expect((await world.am.transfer(host, { link, grantId })).json['error']).toBe('invalid_request');
  });

  test('while mints are under way leaves no living token behind', async () => {
    const replica = await world.replica(host);
    for (let round = 0; round < 6; round += 1) {
      const grantId = randomId();
      const mints = Array.from({ length: 6 }, (_, index) =>
        world.am.transfer(index % 2 === 0 ? host : replica, { link, grantId }),
      );
      const [stopped, ...answers] = await Promise.all([stop(grantId, replica), ...mints]);
      expect(stopped?.status).toBe(200);
      const minted = answers.filter(({ status }) => status === 200).map(({ json }) => String(json['access_token']));
      const calls = await Promise.all(minted.map((token) => host.call(token)));
      expect(calls.map(({ status }) => status)).toEqual(calls.map(() => 401));
    }
  });

  test('of another AM ends nothing, and answers the same', async () => {
    const grantId = randomId();
    const token = await world.am.token(host, { link, grantId });
    const foreign = await world.otherAm.post(host, '/revoke', { token: grantId, token_type_hint: 'transfer_grant' });
    expect(foreign.status).toBe(200);
    expect((await host.call(token)).status).toBe(200);
  });

  test('needs the AM’s authentication', async () => {
    const form = {
      token: randomId(),
      token_type_hint: 'transfer_grant',
      client_assertion: undefined,
      client_assertion_type: undefined,
    };
    expect((await world.am.post(host, '/revoke', form)).status).toBe(401);
  });
});

describe('ending a link', () => {
  test('by its refresh token ends the link and every token under it', async () => {
    const ended = await world.am.link(host);
    const token = await world.am.token(host, { link: ended });
    expect((await world.am.post(host, '/revoke', { token: ended.refreshToken })).status).toBe(200);
    expect((await host.call(token)).status).toBe(401);
    expect((await world.am.transfer(host, { link: ended })).json['error']).toBe('invalid_request');
    const refresh = await world.am.post(host, '/token', {
      grant_type: 'refresh_token',
      refresh_token: ended.refreshToken,
    });
    expect(refresh.json['error']).toBe('invalid_grant');
    expect((await world.am.post(host, '/revoke', { token: ended.refreshToken })).status).toBe(200);
  });

  test('by another AM does not work, and neither does its refresh token there', async () => {
    expect((await world.otherAm.post(host, '/revoke', { token: link.refreshToken })).status).toBe(200);
    const refresh = await world.otherAm.post(host, '/token', {
      grant_type: 'refresh_token',
      refresh_token: link.refreshToken,
    });
    expect(refresh.json['error']).toBe('invalid_grant');
    expect((await world.am.transfer(host, { link })).status).toBe(200);
  });

  test('by the owner, on the app’s own page, cuts the AM off at once', async () => {
    const mine = await world.am.link(host, { user: 'carol' });
    const grantId = randomId();
    const token = await world.am.token(host, { link: mine, grantId });
    const [entry, ...others] = await host.app.chatelaine.access('carol');
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      am: world.am.issuer,
      ceiling: ['entries.read', 'entries.write'],
      until: null,
      requesters: [{ id: 'https://feed.example/client.json', name: 'Feed', endedAt: null }],
    });
    const id = entry?.id ?? '';
    expect(await host.app.chatelaine.endLink('mallory', id)).toBe(false);
    expect((await host.call(token)).status).toBe(200);
    expect(await host.app.chatelaine.endLink('carol', id)).toBe(true);
    expect(await host.app.chatelaine.endLink('carol', id)).toBe(false);
    expect((await host.call(token)).status).toBe(401);
    expect((await world.am.transfer(host, { link: mine })).json['error']).toBe('invalid_request');
    expect(await host.app.chatelaine.access('carol')).toEqual([]);
  });

  test('of a link with more Requesters than a page has lines goes on on the next page, to its end', async () => {
    const mine = await world.am.link(host, { user: 'erin' });
    const [link] = await host.app.chatelaine.access('erin');
    await host.pool.query(
      `insert into oauth_transfer_grant (client_id, id, bucket, grant_id, act_iss, act_sub, last_minted_at)
       select client_id, 'many-' || n, bucket, id, 'https://am.example', 'https://app' || n || '.example/', now()
         from oauth_grant, generate_series(1, 250) n where id = $1`,
      [link?.id],
    );
    const pages = await Promise.all([1, 2, 3, 4].map((page) => host.app.chatelaine.accessPage('erin', page)));
    const requesters = pages.map(({ links }) => links.flatMap((one) => one.requesters.map(({ id }) => id)));
    expect(requesters.map(({ length }) => length)).toEqual([100, 100, 50, 0]);
    expect(new Set(requesters.flat()).size).toBe(250);
    expect(pages.map(({ hasMore }) => hasMore)).toEqual([true, true, false, false]);
    expect((await host.app.chatelaine.access('erin')).flatMap((one) => one.requesters)).toHaveLength(100);
    expect(await host.app.chatelaine.endLink('erin', link?.id ?? '')).toBe(true);
    expect((await world.am.transfer(host, { link: mine })).json['error']).toBe('invalid_request');
  });

  test('shows which Requesters were stopped', async () => {
    const mine = await world.am.link(host, { user: 'dave' });
    const grantId = randomId();
    await world.am.token(host, { link: mine, grantId });
    await stop(grantId);
    const [entry] = await host.app.chatelaine.access('dave');
    expect(entry?.requesters[0]?.endedAt).toEqual(expect.any(Number));
  });

  test('two links of one owner live and end apart', async () => {
    const [first, second] = [await world.am.link(host, { user: 'erin' }), await world.am.link(host, { user: 'erin' })];
    expect((await world.am.post(host, '/revoke', { token: first.refreshToken })).status).toBe(200);
    expect((await world.am.transfer(host, { link: second })).status).toBe(200);
  });
});

test('introspection tells an AM of its own link, and nobody of anything else', async () => {
  const own = await world.am.post(host, '/introspect', { token: link.accessToken });
  expect(own.json).toMatchObject({ active: true, scope: 'transfer', transfer_scope: 'entries.read entries.write' });
  const foreign = await world.otherAm.post(host, '/introspect', { token: link.accessToken });
  expect(foreign.json).toEqual({ active: false });
});
