import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hiddenFields } from '@chatelaine/test-kit';
import { type Story, TestDeployment } from './support/deployment.ts';
import { writeAsked } from './support/past.ts';

let deployment: TestDeployment;
let story: Story;
let hostId: string;
let key: string;

beforeAll(async () => {
  deployment = await TestDeployment.build();
  story = await deployment.story({ 'photos.read': 'allow', 'photos.write': 'ask' }, { name: 'Lifestream' });
  const [link] = await deployment.rows<{ host_id: string }>('select host_id from link where id = $1', [story.linkId]);
  hostId = link?.host_id ?? '';
  key = `/apps/${story.connection.id}/at/${hostId}`;
});
afterAll(() => deployment.close());

const home = async (of = story) => of.owner.browser.get('/');
const press = (answer: string, of = story, path = key) => of.owner.browser.submit(path, path, { answer });
const answers = async () =>
  deployment.rows(
    `select scope, effect from rule where connection_id = $1 and (expires_at is null or expires_at > now())
      order by scope`,
    [story.connection.id],
  );

describe('the board of keys', () => {
  test('has a row for each app and a column for each service, and where they meet what was answered', async () => {
    const { words, text } = await home();
    expect(words).toContain('Who may have what');
    expect(words).toContain(`Some : Lifestream at Photos`);
    expect(text).toContain(`href="${key}"`);
    const other = await deployment.beside(story, { 'photos.read': 'ask' }, { name: 'Reader of notes' });
    expect((await home()).words).toContain('Ask : Reader of notes at Photos');
    // a service that is shown to no app has a column, but no link to a rule
    await deployment.link(story.owner, deployment.second);
    expect((await home()).text.match(/scope="col"/g)).toHaveLength(3);
    expect((await home()).text).not.toContain(`/apps/${other.connection.id}/at/undefined`);
  });

  test('is changed by one press for everything that the app may ask for there, and says so in activity', async () => {
    const saved = await press('deny');
    expect([saved.status, saved.headers.location]).toEqual([303, `${key}?saved=yes`]);
    expect(await answers()).toEqual([
      { scope: 'photos.read', effect: 'deny' },
      { scope: 'photos.write', effect: 'deny' },
    ]);
    expect((await home()).words).toContain('Never : Lifestream at Photos');
    const { requester, connection } = story;
    const refused = await requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read' });
    expect(refused.json['error']).toBe('access_denied');
    await press('allow');
    expect((await home()).words).toContain('Allow : Lifestream at Photos');
    expect((await story.owner.browser.get('/timeline')).words).toContain('You changed what Lifestream may do');
  });

  test('is changed by its owner alone, by the form of its page as it stands, to one of three answers', async () => {
    const stranger = await deployment.story({ 'photos.read': 'allow' });
    expect((await stranger.owner.browser.get(key)).status).toBe(404);
    const foreign = hiddenFields((await story.owner.browser.get(key)).text, key);
    for (const path of [key, `/apps/${story.connection.id}/at/nowhere`, `/apps/con_x/at/${hostId}`]) {
      const own = hiddenFields((await stranger.owner.browser.get('/timeline')).text, '/timeline/export');
      expect((await stranger.owner.browser.post(path, { ...foreign, ...own, answer: 'deny' })).status).toBe(404);
    }
    const { browser } = story.owner;
    expect((await browser.post(key, { answer: 'deny' })).status).toBe(403);
    expect((await browser.post(key, { ...foreign, answer: 'deny' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(
      403,
    );
    for (const answer of ['', 'ALLOW', 'mixed', 'allow,deny']) expect((await press(answer)).status).toBe(400);
    await press('ask');
    expect((await browser.post(key, { ...foreign, answer: 'allow' })).status).toBe(409);
    expect((await answers()).map(({ effect }) => effect)).toEqual(['ask', 'ask']);
  });

  test('puts together what an app may do by all of its connections, and says where a link is broken', async () => {
    const of = await deployment.story({ 'photos.read': 'allow' }, { name: 'Twofold' });
    expect((await home(of)).words).toContain('Allow : Twofold at Photos');
    const secondLink = await deployment.link(of.owner);
    await deployment.connect({ ...of, linkId: secondLink, answers: { 'photos.read': 'allow' } });
    expect((await home(of)).words).toMatch(/Allow : Twofold at Photos(?!, link broken)/);
    await deployment.rows(`update link set state = 'broken' where id = $1`, [secondLink]);
    expect((await home(of)).words).toContain('Allow : Twofold at Photos, link broken');
    await deployment.rows(`update rule set effect = 'deny' where link_id = $1`, [secondLink]);
    expect((await home(of)).words).toContain('Some : Twofold at Photos, link broken');
    // an ended link no longer counts
    await deployment.rows(`update link set state = 'ended', ended_at = now() where id = $1`, [secondLink]);
    expect((await home(of)).words).toMatch(/Allow : Twofold at Photos(?!, link broken)/);
  });

  test('shows which were used in the last 24 hours', async () => {
    const of = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    const used = 'Lifestream at Photos, used in the last 24 hours';
    await writeAsked(deployment, { of, at: daysAgo(2) });
    await writeAsked(deployment, { of, at: daysAgo(0.1), state: 'refused', error: 'denied' });
    expect((await home(of)).words).not.toContain(used);
    await writeAsked(deployment, { of, at: daysAgo(0.2) });
    expect((await home(of)).words).toContain(used);
  });
});

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

describe('what is new', () => {
  const newsOf = async (of: Story) => /What is new(.*?)My services/.exec((await home(of)).words)?.[1] ?? '';
  const makeConnectionOfAge = (of: Story, days: number) =>
    deployment.rows('update connection set created_at = $2 where id = $1', [of.connection.id, daysAgo(days)]);

  test('is the first time that an app asks for something, and the first that it is refused', async () => {
    const of = await deployment.story({ 'photos.read': 'allow' }, { name: 'Newcomer' });
    expect(await newsOf(of)).toBe('');
    await writeAsked(deployment, { of, at: daysAgo(1) });
    expect(await newsOf(of)).toContain('Newcomer asked for something for the first time');
    await writeAsked(deployment, { of, at: daysAgo(0.5), state: 'refused', error: 'rule' });
    expect(await newsOf(of)).toContain('Newcomer was refused for the first time');
    // a month later neither is news
    await makeConnectionOfAge(of, 60);
    await deployment.rows(`update transfer set started_at = started_at - interval '30 days' where connection_id = $1`, [
      of.connection.id,
    ]);
    expect(await newsOf(of)).not.toContain('for the first time');
  });

  test('is an app that nobody used for 90 days, and one whose time is nearly over', async () => {
    const of = await deployment.story({ 'photos.read': 'allow' }, { name: 'Forgotten' });
    await makeConnectionOfAge(of, 89);
    expect(await newsOf(of)).not.toContain('90 days');
    await makeConnectionOfAge(of, 91);
    expect((await home(of)).words).toContain('Forgotten has asked for nothing in 90 days');
    await writeAsked(deployment, { of, at: daysAgo(80) });
    expect((await home(of)).words).not.toContain('has asked for nothing in 90 days');
    await deployment.rows(`update connection set expires_at = now() + interval '2 days' where id = $1`, [
      of.connection.id,
    ]);
    expect((await home(of)).words).toContain('Forgotten is connected until');
  });
});
