import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestHost } from './support/test-host.ts';
import { createWorld, type World } from './support/world.ts';

let world: World;
let host: TestHost;
/** What each owner has to share; an owner who is not in it makes the app fail. */
const shares = new Map<string, readonly string[]>();
beforeAll(async () => {
  world = await createWorld();
  const shareable = async (owner: string): Promise<readonly string[]> => {
    const has = shares.get(owner);
    if (has === undefined) throw new Error('the app cannot say');
    return has;
  };
  host = await world.host({ options: { shareable } });
});
afterAll(() => world.close());

const refreshed = async (refreshToken: string) =>
  world.am.post(host, '/token', { grant_type: 'refresh_token', refresh_token: refreshToken });

test('an owner agrees to what they have to share, and to nothing else', async () => {
  shares.set('ada', ['entries.read']);
  const { address } = await world.am.push(host);
  const page = await host.browser('ada').get(address);
  expect(page.text).toContain('Read your entries');
  expect(page.text).not.toContain('Add entries for you');
  // a form that ticks a scope which its page did not offer gets no more
  const link = await world.am.link(host, { user: 'ada', tick: ['entries.read', 'entries.write'] });
  expect(link.ceiling).toBe('entries.read');
});

test('an owner who has nothing to share is told so, and nothing can be agreed to', async () => {
  shares.set('nil', []);
  const { address } = await world.am.push(host);
  const { answer, code } = await world.am.consent(host, { address, user: 'nil', tick: ['entries.read'] });
  expect([answer.status, code]).toEqual([400, null]);
  expect(answer.text).toContain('There is nothing to share here yet.');
});

test('what an owner no longer has is invalid_scope on hop 2, gone from the next ceiling, and comes back', async () => {
  shares.set('bea', ['entries.read', 'entries.write']);
  const link = await world.am.link(host, { user: 'bea' });
  shares.set('bea', ['entries.read']);
  const refused = await world.am.transfer(host, { link, scope: 'entries.write' });
  expect([refused.status, refused.json['error']]).toEqual([400, 'invalid_scope']);
  expect((await world.am.transfer(host, { link })).status).toBe(200);
  expect((await refreshed(link.refreshToken)).json['transfer_scope']).toBe('entries.read');
  shares.set('bea', []);
  expect((await refreshed(link.refreshToken)).json['transfer_scope']).toBe('');
  shares.set('bea', ['entries.read', 'entries.write']);
  expect((await refreshed(link.refreshToken)).json['transfer_scope']).toBe('entries.read entries.write');
});

test('an app that cannot say what there is mints nothing: 503, and the link is as good as before', async () => {
  shares.set('eve', ['entries.read']);
  const link = await world.am.link(host, { user: 'eve' });
  shares.delete('eve');
  expect((await world.am.transfer(host, { link })).status).toBe(503);
  expect((await refreshed(link.refreshToken)).status).toBe(503);
  shares.set('eve', ['entries.read']);
  expect((await refreshed(link.refreshToken)).status).toBe(200);
});

test('what is withdrawn is gone for good: its tokens die at once, other tokens and other owners’ do not', async () => {
  for (const owner of ['kim', 'lea']) shares.set(owner, ['entries.read', 'entries.write']);
  const [link, other] = [await world.am.link(host, { user: 'kim' }), await world.am.link(host, { user: 'lea' })];
  const [read, write] = [
    await world.am.token(host, { link }),
    await world.am.token(host, { link, scope: 'entries.read entries.write' }),
  ];
  const others = await world.am.token(host, { link: other, scope: 'entries.write' });
  await host.app.chatelaine.withdraw('kim', ['entries.write']);
  expect((await host.call(write, { method: 'POST' })).status).toBe(401);
  expect((await host.call(read)).status).toBe(200);
  expect((await host.call(others, { method: 'POST' })).status).toBe(201);
  const again = await world.am.transfer(host, { link, scope: 'entries.write' });
  expect(again.json['error']).toBe('invalid_scope');
  expect((await refreshed(link.refreshToken)).json['transfer_scope']).toBe('entries.read');
});

test('an answer that takes long can ask whether its token is still good', async () => {
  shares.set('mia', ['entries.read']);
  const token = await world.am.token(host, { link: await world.am.link(host, { user: 'mia' }) });
  // the owner stops the connection while the answer is being written
  expect((await host.call(token, { path: '/api/long' })).json).toEqual({ before: true, after: false });
});
