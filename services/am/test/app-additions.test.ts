import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hiddenFields } from '@chatelaine/test-kit';
import { TestDeployment, type Story } from './support/deployment.ts';

let deployment: TestDeployment;
beforeAll(async () => {
  deployment = await TestDeployment.build();
});
afterAll(() => deployment.close());

const pathOf = ({ connection }: Story): string => `/apps/${connection.id}/add`;
const field = (linkId: string, scope: string): string => `add:${linkId}:${scope}`;
const add = (by: Story, fields: Readonly<Record<string, string>>, owner = by.owner) =>
  owner.browser.submit(pathOf(by), pathOf(by), fields);
const shownTo = ({ connection }: Story) =>
  deployment.rows<{ link_id: string; scopes: string[]; grant_id: string }>(
    'select link_id, scopes, grant_id from connection_host where connection_id = $1 order by link_id',
    [connection.id],
  );

describe('what an app may ask for is added to from its page', () => {
  test('a scope that was not chosen, at an account it uses: it gets a token, and keeps its grant there', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const resource = deployment.host.resource;
    const ask = (scope: string) => by.requester.transfer({ connection: by.connection, resource, scope });
    expect((await ask('photos.write')).json['error']).toBe('invalid_scope');
    const [before] = await shownTo(by);
    const page = await by.owner.browser.get(pathOf(by));
    expect(page.words).toContain('Add photos');
    expect(page.text).not.toContain(field(by.linkId, 'photos.read'));
    const added = await add(by, { [field(by.linkId, 'photos.write')]: 'allow' });
    expect([added.status, added.headers.location]).toEqual([303, `/apps/${by.connection.id}?saved=yes`]);
    expect((await ask('photos.write')).status).toBe(200);
    expect((await shownTo(by)).map(({ grant_id: grantId }) => grantId)).toEqual([before?.grant_id]);
    expect((await by.owner.browser.get('/timeline')).words).toContain(
      'ask for more of “my Photos” at Photos: “Add photos” is now allowed without asking.',
    );
  });

  test('another service that it was not shown, under a grant of its own, where it has to ask', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const other = await deployment.link(by.owner, deployment.second);
    expect((await add(by, { [field(other, 'photos.read')]: 'ask' })).status).toBe(303);
    const answer = await by.requester.transfer({
      connection: by.connection,
      resource: deployment.second.resource,
      scope: 'photos.read',
    });
    expect([answer.status, answer.json['error']]).toEqual([400, 'interaction_required']);
    const shown = await shownTo(by);
    expect(new Set(shown.map(({ grant_id: grantId }) => grantId)).size).toBe(2);
    const stopped = await by.owner.browser.submit('/apps', `/apps/${by.connection.id}/stop`);
    expect(stopped.status).toBe(303);
    const revocations = await deployment.rows('select 1 from revocation where connection_id = $1', [by.connection.id]);
    expect(revocations).toHaveLength(2);
  });

  test('never a second account at a Host: a connection has one link there', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const second = await deployment.link(by.owner);
    expect((await by.owner.browser.get(pathOf(by))).text).not.toContain(field(second, 'photos.read'));
    expect((await add(by, { [field(second, 'photos.read')]: 'allow' })).status).toBe(409);
    expect(await shownTo(by)).toHaveLength(1);
  });

  test('another account at a Host whose link was ended, under a grant of its own', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const [before] = await shownTo(by);
    await by.owner.browser.submit('/hosts', `/hosts/${by.linkId}/stop`);
    const again = await deployment.link(by.owner);
    expect((await add(by, { [field(again, 'photos.read')]: 'allow' })).status).toBe(303);
    const [after, ...others] = await shownTo(by);
    expect([after?.link_id, others]).toEqual([again, []]);
    expect(after?.grant_id).not.toBe(before?.grant_id);
    const resource = deployment.host.resource;
    const answer = await by.requester.transfer({ connection: by.connection, resource, scope: 'photos.read' });
    expect(answer.status).toBe(200);
  });

  test('one of two accounts at a Host, and whoever chooses both is told so', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const accounts = [
      await deployment.link(by.owner, deployment.second),
      await deployment.link(by.owner, deployment.second),
    ];
    const both = Object.fromEntries(accounts.map((linkId) => [field(linkId, 'photos.read'), 'allow']));
    const answer = await add(by, both);
    expect([answer.status, answer.words]).toEqual([400, expect.stringContaining('Choose from one account at')]);
    expect(await shownTo(by)).toHaveLength(1);
  });

  test('by what is offered alone: not another’s link, a scope beyond the ceiling or an outdated page', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const stranger = await deployment.story({ 'photos.read': 'allow' });
    const page = await by.owner.browser.get(pathOf(by));
    const old = hiddenFields(page.text, pathOf(by))['shown'];
    for (const fields of [
      { [field(stranger.linkId, 'photos.write')]: 'allow' },
      { [field(by.linkId, 'photos.everything')]: 'allow' },
      { [field(by.linkId, 'photos.write')]: 'deny' },
      { [field(by.linkId, 'photos.write')]: 'allow', [field(by.linkId, 'photos.read')]: 'allow' },
      { [field(by.linkId, 'photos.write')]: 'allow', shown: '' },
    ]) {
      const answer = await add(by, fields);
      expect([answer.status, answer.words]).toEqual([409, expect.stringContaining('nothing was saved')]);
    }
    expect((await add(by, {})).words).toContain('Choose at least one thing');
    await deployment.rows(`update link set label = 'renamed' where id = $1`, [by.linkId]);
    expect((await add(by, { [field(by.linkId, 'photos.write')]: 'allow', shown: old ?? '' })).status).toBe(409);
    expect((await shownTo(by)).flatMap(({ scopes }) => scopes)).toEqual(['photos.read']);
  });

  test('not by somebody else, by another site, without the form’s token, or for an app that was stopped', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const thief = await deployment.owner();
    const fields = { [field(by.linkId, 'photos.write')]: 'allow' };
    expect((await thief.browser.get(pathOf(by))).status).toBe(404);
    expect((await thief.browser.submit('/apps', pathOf(by), fields)).status).toBe(404);
    expect((await by.owner.browser.post(pathOf(by), fields)).status).toBe(403);
    const crossed = await by.owner.browser.post(pathOf(by), fields, { 'sec-fetch-site': 'cross-site' });
    expect(crossed.status).toBe(403);
    const [kept] = await shownTo(by);
    expect(kept?.scopes).toEqual(['photos.read']);
    const form = hiddenFields((await by.owner.browser.get(pathOf(by))).text, pathOf(by));
    await by.owner.browser.submit('/apps', `/apps/${by.connection.id}/stop`);
    expect((await add(by, { ...form, ...fields })).status).toBe(404);
  });

  test('twice at once adds it once, and beside a stop leaves nothing that could be had', async () => {
    const by = await deployment.story({ 'photos.read': 'allow' });
    const fields = { [field(by.linkId, 'photos.write')]: 'allow' };
    const answers = await Promise.all([add(by, fields), add(by, fields)]);
    for (const { status } of answers) expect([303, 409]).toContain(status);
    expect((await shownTo(by))[0]?.scopes).toEqual(['photos.read', 'photos.write']);
    const other = await deployment.link(by.owner, deployment.second);
    await Promise.all([
      add(by, { [field(other, 'photos.read')]: 'allow' }),
      by.owner.browser.submit('/apps', `/apps/${by.connection.id}/stop`),
    ]);
    // whichever came first: for each Host on the app's page there is a revocation
    const shown = await shownTo(by);
    const revocations = await deployment.rows('select 1 from revocation where connection_id = $1', [by.connection.id]);
    expect(revocations).toHaveLength(shown.length);
  });
});
