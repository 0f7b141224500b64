import { generateSigningKey, publicJwks } from '@chatelaine/crypto';
import { GRANT } from '@chatelaine/protocol';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLEAN_AUDIT, TestDeployment, type Owner } from './support/deployment.ts';
import type { Requester } from './support/requester.ts';
import { StockClient } from './support/stock-client.ts';

let deployment: TestDeployment;
let owner: Owner;
let linkId: string;
beforeAll(async () => {
  deployment = await TestDeployment.build();
  deployment.host.bearer = true;
  owner = await deployment.owner();
  linkId = await deployment.link(owner);
});
afterAll(async () => {
  expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
  await deployment.close();
});

/** Changes members of a Requester's document; undefined leaves a member out. */
function publish(requester: Requester, changes: Readonly<Record<string, unknown>>): void {
  deployment.documents.publish(new URL(requester.clientId).pathname, {
    client_id: requester.clientId,
    client_name: 'Reader',
    redirect_uris: [requester.redirectUri],
    grant_types: Object.values(GRANT),
    scope: 'transfer',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: publicJwks([requester.ownKey ?? generateSigningKey()]),
    ...changes,
  });
}

const words = async (path: string, { browser } = owner): Promise<string> => (await browser.get(path)).words;

/** How many of these pages ask for a decision; they come first. */
const DECIDE = 4;

/**
 * The words of every page that shows an app to somebody who decides about it: consent, a question, the app's own page,
 * the list of apps, and activity.
 */
async function everywhere(requester: Requester): Promise<string[]> {
  const somebody = await deployment.owner();
  const link = { owner: somebody, linkId: await deployment.link(somebody) };
  const { path } = await requester.push();
  const asked = await words(path, somebody);
  const connection = await deployment.connect({ ...link, requester, answers: { 'photos.read': 'ask' } });
  const wanted = await requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read' });
  const question = new URL(String(wanted.json['interaction_uri'])).pathname;
  const later = [question, `/apps/${connection.id}`, '/apps', '/timeline'];
  return [asked, ...(await Promise.all(later.map((where) => words(where, somebody))))];
}

describe('an app that does not prove who it is', () => {
  const SENTENCE = 'neither a key nor a secret of its own, so any other program could pass itself off as it';

  it('is shown as such wherever somebody decides about it: its document offers to go without a key', async () => {
    const requester = deployment.requester({ keys: 'none' });
    publish(requester, { token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'] });
    for (const page of (await everywhere(requester)).slice(0, DECIDE)) expect(page).toContain(SENTENCE);
  });

  it('is one that has no key at all, or registered without a secret; not one with either', async () => {
    const keyless = await everywhere(deployment.requester({ keys: 'none' }));
    for (const page of keyless.slice(0, DECIDE)) expect(page).toContain(SENTENCE);
    for (const page of await everywhere(deployment.requester())) expect(page).not.toContain(SENTENCE);
    for (const auth of ['none', 'basic'] as const) {
      const app = await StockClient.register({ issuer: deployment.issuer, ports: [deployment.ams[0].port] }, { auth });
      const { path } = await app.ask(owner.browser, deployment.host.resource);
      expect((await words(path)).includes(SENTENCE)).toBe(auth === 'none');
    }
  });

  it('connected before this was kept, is said nothing of', async () => {
    const requester = deployment.requester({ keys: 'none' });
    const connection = await deployment.connect({ owner, requester, linkId, answers: { 'photos.read': 'allow' } });
    expect(await words(`/apps/${connection.id}`)).toContain(SENTENCE);
    await deployment.rows('update connection set is_proven = null where id = $1', [connection.id]);
    expect(await words(`/apps/${connection.id}`)).not.toContain(SENTENCE);
  });
});

describe('an app without a name', () => {
  it.each([
    ['none', undefined],
    ['white space', ' \u00a0 '],
    ['what shows nothing', '\u200b\u200d\u2060'],
    ['blanks that are letters', '\u3164\u2800'],
  ])('is called after the site of its document, whatever page it calls its own: %s', async (_what, client_name) => {
    const requester = deployment.requester();
    publish(requester, { client_name, client_uri: 'https://bank.example' });
    const { host } = new URL(requester.clientId);
    const pages = await everywhere(requester);
    const [asked = '', question = '', , list = ''] = pages;
    expect(asked).toContain(`Connect ${host}?`);
    expect(question).toContain(`May ${host} do this`);
    expect(list).toContain(`Stop ${host}`);
    for (const page of pages) expect(page).toContain(host);
    for (const page of pages) expect(page).not.toContain('Calls itself');
  });

  it('that registered itself is called after where this answer goes, not after another redirect of it', async () => {
    const redirect_uri = 'https://app.example/cb';
    const metadata = {
      client_name: ' ',
      client_uri: 'https://bank.example',
      redirect_uris: ['https://bank.example/cb', redirect_uri],
    };
    const app = await StockClient.register(
      { issuer: deployment.issuer, ports: [deployment.ams[0].port] },
      { metadata },
    );
    expect(app.registered).not.toHaveProperty('client_name');
    const asked = await app.ask(owner.browser, deployment.host.resource, { redirect_uri });
    const page = await words(asked.path);
    expect(page).toContain('Let app.example use');
    expect(page).not.toContain('Calls itself');
    await app.agree(owner.browser, asked, { bearer: 'allow' });
    expect(await deployment.rows('select client_name from connection where client_id = $1', [app.id])).toEqual([
      { client_name: 'app.example' },
    ]);
  });
});

describe('a name with joiners', () => {
  it.each([
    ['Persian', 'کتاب\u200cخانه', 'کتاب\u200cخانه'],
    ['a family', 'Album 👩\u200d👧', 'Album 👩\u200d👧'],
    ['one that means nothing', 'Pho\u200dtos', 'Photos'],
  ])('is shown with those that it needs, and without others: %s', async (_what, client_name, shown) => {
    const requester = deployment.requester();
    publish(requester, { client_name });
    for (const page of await everywhere(requester)) expect(page).toContain(shown);
    const [row] = await deployment.rows('select client_name from connection where client_id = $1', [
      requester.clientId,
    ]);
    expect(row).toEqual({ client_name: shown });
  });
});
