import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deleteSettled } from '../src/retention/settled-store.ts';
import { unzip } from '@chatelaine/test-kit';
import { CLEAN_AUDIT, type Story, TestDeployment } from './support/deployment.ts';
import { fieldsWithoutButton } from './support/requester.ts';
import { StockClient } from './support/stock-client.ts';

let deployment: TestDeployment;
beforeAll(async () => {
  deployment = await TestDeployment.build();
});
afterAll(async () => {
  expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
  await deployment.close();
});

const page = (of: Story): string => `/apps/${of.connection.id}`;
const name = (of: Story, given: string) => of.owner.browser.submit(page(of), `${page(of)}/name`, { name: given });
const words = async (of: Story, path: string): Promise<string> => (await of.owner.browser.get(path)).words;
const kept = (of: Story) => deployment.rows('select client_id, name from app_name where owner_id = $1', [of.owner.id]);
const ask = (of: Story) =>
  of.requester.transfer({ connection: of.connection, resource: deployment.host.resource, scope: 'photos.read' });

/** Pages that name an app to its owner without asking for a decision about it. */
const LISTS = ['/', '/apps', '/asks', '/hosts', '/rules', '/timeline'];

describe('what an owner calls an app', () => {
  it('is what their pages call it, and where somebody decides it says beside that what it calls itself', async () => {
    const story = await deployment.story({ 'photos.read': 'ask' }, { name: 'Lifestream' });
    const question = new URL(String((await ask(story)).json['interaction_uri'])).pathname;
    const { path: asked } = await story.requester.push();
    const saved = await name(story, '  Holiday planner ');
    expect([saved.status, saved.headers.location]).toEqual([303, `${page(story)}?named=yes`]);
    expect(await words(story, `${page(story)}?named=yes`)).toContain('You call it Holiday planner from now on.');
    for (const path of LISTS)
      expect([path, await words(story, path)]).toEqual([path, expect.stringContaining('Holiday')]);
    const both = 'Holiday planner · calls itself Lifestream';
    for (const path of [asked, question, page(story), '/apps'])
      expect([path, await words(story, path)]).toEqual([path, expect.stringContaining(both)]);
    const stock = await StockClient.register({ issuer: deployment.issuer, ports: [deployment.ams[0].port] });
    const request = await stock.ask(story.owner.browser, deployment.host.resource);
    await deployment.rows('insert into app_name (owner_id, client_id, name) values ($1, $2, $3)', [
      story.owner.id,
      stock.id,
      'My assistant',
    ]);
    expect(await words(story, request.path)).toContain('You call it My assistant · calls itself');
  });

  it('is found by either name in activity, where each entry has it, also in what is taken away', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    await ask(story);
    await name(story, 'Holiday planner');
    for (const q of ['holiday', 'lifestream'])
      expect(await words(story, `/timeline?q=${q}`)).toContain('Holiday planner got a key');
    const [row] = await deployment.rows<{ id: string }>('select id from transfer where connection_id = $1', [
      story.connection.id,
    ]);
    expect(await words(story, `/timeline/${row?.id ?? ''}`)).toContain('Holiday planner');
  });

  it('is no business of anybody else: not of the Host, of the app, or of another owner', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    const other = await deployment.owner();
    const theirs = await deployment.connect({
      owner: other,
      requester: story.requester,
      linkId: await deployment.link(other),
      answers: { 'photos.read': 'allow' },
    });
    await name(story, 'Holiday planner');
    const answer = await ask(story);
    expect(deployment.host.hops.at(-1)?.statement).toMatchObject({ client_name: 'Lifestream' });
    expect(answer.text).not.toContain('Holiday');
    expect((await other.browser.get(`/apps/${theirs.id}`)).text).not.toContain('Holiday');
  });

  it('is given up again by leaving it empty, and then it is called what it calls itself', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    await name(story, 'Holiday planner');
    expect((await name(story, '  ')).status).toBe(303);
    expect(await kept(story)).toEqual([]);
    expect(await words(story, '/apps')).not.toContain('Holiday');
    expect(await words(story, page(story))).toContain('Calls itself Lifestream');
  });

  it('changed while somebody reads a consent page, it is shown again', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    const { path } = await story.requester.push();
    const { browser } = story.owner;
    const before = await browser.get(path);
    await name(story, 'Holiday planner');
    const again = await browser.post('/authorize', {
      ...fieldsWithoutButton(before.text, '/authorize'),
      [`answer:${story.linkId}:photos.read`]: 'allow',
      duration: 'open',
      decision: 'allow',
    });
    expect([again.status, again.words]).toEqual([400, expect.stringContaining('has changed since')]);
  });

  it('is text, whatever is in it, of at most 60 characters that show', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    await name(story, `<img src=x onerror="alert(1)">'&`);
    for (const path of [...LISTS, page(story)])
      expect((await story.owner.browser.get(path)).text).not.toContain('<img src=x');
    expect(await words(story, '/apps')).toContain(`<img src=x onerror="alert(1)">'&`);
    for (const bad of ['x'.repeat(61), 'a\u202eb', '\u3164', 'two\nlines']) {
      const refused = await name(story, bad);
      expect([bad, refused.status, refused.words]).toEqual([
        bad,
        400,
        expect.stringContaining('at most 60 characters'),
      ]);
    }
    expect((await name(story, 'a\u0000b')).status).toBe(400);
    expect((await name(story, 'x'.repeat(1_000_000))).status).toBe(413);
    expect((await name(story, 'Pho\u200dtos')).status).toBe(303);
    expect(await kept(story)).toMatchObject([{ name: 'Photos' }]);
  });

  it('is given by its owner alone, from their own pages', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    const stranger = await deployment.story({ 'photos.read': 'allow' }, { name: 'Other' });
    const { browser } = stranger.owner;
    const path = `${page(story)}/name`;
    for (const at of [path, '/apps/con_x/name', '/apps/%00/name'])
      expect([at, (await browser.submit(page(stranger), at, { name: 'Taken' })).status]).toEqual([at, 404]);
    expect((await story.owner.browser.post(path, { name: 'Taken' })).status).toBe(403);
    const crossSite = await story.owner.browser.submit(
      page(story),
      path,
      { name: 'Taken' },
      { 'sec-fetch-site': 'cross-site' },
    );
    expect(crossSite.status).toBe(403);
    expect([404, 405]).toContain((await story.owner.browser.get(path)).status);
    expect(await kept(story)).toEqual([]);
  });

  it('is exported, and kept as long as anything is of the app', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    const other = await deployment.story({ 'photos.read': 'allow' }, { name: 'Other' });
    await name(story, 'Holiday planner');
    await name(other, 'Theirs');
    const answer = await story.owner.browser.submit('/account/export', '/account/export');
    expect(JSON.parse(String(unzip(answer.bytes).get('app-names.json')))).toEqual([
      { client_id: story.requester.clientId, name: 'Holiday planner' },
    ]);
    await deployment.rows('insert into app_name (owner_id, client_id, name) values ($1, $2, $3)', [
      story.owner.id,
      'https://gone.example/client',
      'Gone',
    ]);
    await deleteSettled(deployment.pool, { now: new Date(), days: 1 });
    expect(await kept(story)).toEqual([{ client_id: story.requester.clientId, name: 'Holiday planner' }]);
  });
});

describe('what an owner calls an account', () => {
  const rename = async (of: Story, label: string) =>
    of.owner.browser.submit('/hosts', `/hosts/${of.linkId}/name`, { label });

  it('heads its column on Home where it is their only one there, and left empty it is what it was', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
    expect(await words(story, '/')).toContain('Allow : Lifestream at Photos');
    expect((await rename(story, 'Family album')).status).toBe(303);
    expect(await words(story, '/')).toContain('Allow : Lifestream at Family album');
    await deployment.link(story.owner);
    expect(await words(story, '/')).toContain('Allow : Lifestream at Photos');
    // meanwhile another app takes its former name
    expect((await rename(story, '')).status).toBe(303);
    const labels = await deployment.rows('select label from link where owner_id = $1 order by created_at', [
      story.owner.id,
    ]);
    expect(labels).toEqual([{ label: 'my Photos, account 2' }, { label: 'my Photos' }]);
  });

  it('is looked at as other names are, and given by its owner alone', async () => {
    const story = await deployment.story({ 'photos.read': 'allow' });
    const stranger = await deployment.story({ 'photos.read': 'allow' });
    expect((await rename(story, 'x'.repeat(61))).status).toBe(400);
    const at = `/hosts/${story.linkId}/name`;
    expect((await stranger.owner.browser.submit('/hosts', at, { label: '' })).status).toBe(404);
    expect((await story.owner.browser.post(at, { label: 'x' })).status).toBe(403);
  });
});
