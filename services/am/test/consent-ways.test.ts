import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Browser, hiddenFields, PASSWORD } from '@chatelaine/test-kit';
import { TestDeployment, type Owner } from './support/deployment.ts';
import { selectedChoices, type Requester } from './support/requester.ts';

let deployment: TestDeployment;
let owner: Owner;
let requester: Requester;
const WANTS = [
  { scope: 'photos.read', purpose: 'To print them' },
  { scope: 'photos.write', purpose: 'To keep what you draw' },
];

beforeAll(async () => {
  deployment = await TestDeployment.build();
});
beforeEach(async () => {
  deployment.host.reset();
  owner = await deployment.owner();
  requester = deployment.requester();
});
afterAll(() => deployment.close());

const push = async (wants: object[] = WANTS): Promise<string> =>
  (await requester.push({ chatelaine_wants: JSON.stringify(wants) })).path;
const sent = (page: Answer, fields: Record<string, string>): Record<string, string> => ({
  ...hiddenFields(page.text, '/authorize'),
  ...selectedChoices(page.text),
  ...fields,
});
const wayBack = (answer: Answer): string =>
  new URL(answer.onward ?? '', 'http://am').searchParams.get('back') ?? 'nowhere';
const keptForms = () =>
  deployment.rows('select form from oauth_request where client_id = $1 and form is not null', [requester.clientId]);
const connections = () => deployment.rows('select id from connection where client_id = $1', [requester.clientId]);
/** Inserts a link at another Host directly, without going through the pages. */
async function added(): Promise<string> {
  const id = `link_${owner.id}`;
  await deployment.rows(
    `insert into host (id, issuer, name, metadata, resources, transfer_scopes)
     select 'calendarcalendarcalend', 'https://calendar.example', 'Calendar', metadata, '{}', transfer_scopes from host
       where issuer = $1
     on conflict do nothing`,
    [deployment.host.issuer],
  );
  await deployment.rows(
    `insert into link (id, owner_id, host_id, label, transfer_scope)
      values ($1, $2, 'calendarcalendarcalend', 'my Calendar', '{photos.read}')`,
    [id, owner.id],
  );
  return id;
}
async function signIn({ browser }: { browser: Browser }, username: string): Promise<void> {
  await browser.submit('/sign-in', '/sign-in', { username, password: PASSWORD });
}

describe('on the way to another service', () => {
  it('the choices stay, and the account that was added begins as it would have', async () => {
    const link = await deployment.link(owner);
    const path = await push();
    const page = await owner.browser.get(path);
    const choices = { [`all:${link}`]: 'allow', [`answer:${link}:photos.write`]: 'ask', duration: 'hour' };
    const left = await owner.browser.post('/authorize', sent(page, { ...choices, add: 'https://calendar.example' }));
    expect([left.status, left.onward?.startsWith('/hosts/add?')]).toEqual([303, true]);
    expect(new URL(left.onward ?? '', 'http://am').searchParams.get('host')).toBe('https://calendar.example');
    expect(wayBack(left)).toBe(path);
    const calendar = await added();
    const back = await owner.browser.get(wayBack(left));
    expect(selectedChoices(back.text)).toMatchObject({ ...choices, [`all:${calendar}`]: 'ask' });
    expect(back.words).toContain('Allow 1 thing, ask for 2 more, for 1 hour');
    const agreed = await owner.browser.post('/authorize', sent(back, { decision: 'allow' }));
    expect(agreed.onward).toContain('code=');
    expect(await keptForms()).toEqual([]);
  });

  it('who has none is led to the one that is wanted, and back to the question', async () => {
    const path = await push([{ ...WANTS[0], resource: deployment.host.resource }]);
    const page = await owner.browser.get(path);
    expect(page.text).toContain(`name="add" value="${deployment.host.issuer}"`);
    const left = await owner.browser.post('/authorize', sent(page, { add: deployment.host.issuer }));
    expect((await owner.browser.get(left.onward ?? '')).text).toContain(`value="${deployment.host.issuer}"`);
    await deployment.link(owner);
    const back = await owner.browser.get(wayBack(left));
    expect(back.words).toContain('Let it ask for 1 thing until you stop it');
  });

  it('leads to a form of ours, whatever address is in the button', async () => {
    await deployment.link(owner);
    const page = await owner.browser.get(await push());
    for (const add of ['https://evil.example/?x#y', '//evil.example', 'javascript:alert(1)', '&back=//evil.example']) {
      const { onward } = await owner.browser.post('/authorize', sent(page, { add }));
      const at = new URL(onward ?? '', 'http://am');
      expect([at.origin, at.pathname, at.searchParams.getAll('back').length]).toEqual(['http://am', '/hosts/add', 1]);
      expect(at.searchParams.get('host')).toBe(add);
    }
  });
});

describe('signed out while the page was open', () => {
  const leave = async (): Promise<{ path: string; link: string; answer: Answer }> => {
    const link = await deployment.link(owner);
    const path = await push();
    const page = await owner.browser.get(path);
    await owner.browser.submit('/', '/sign-out');
    const fields = { [`answer:${link}:photos.write`]: 'allow', duration: 'month', decision: 'allow' };
    return { path, link, answer: await owner.browser.post('/authorize', sent(page, fields)) };
  };

  it('nothing is agreed to, and the same person finds their choices after signing in', async () => {
    const { path, link, answer } = await leave();
    expect([answer.status, answer.onward]).toEqual([303, `/sign-in?return_to=${encodeURIComponent(path)}`]);
    expect(await connections()).toEqual([]);
    await signIn(owner, owner.username);
    const back = await owner.browser.get(path);
    expect(selectedChoices(back.text)).toMatchObject({ [`answer:${link}:photos.write`]: 'allow', duration: 'month' });
    expect(back.words).toContain('Allow 1 thing, ask for 1 more, for 30 days');
    expect(await connections()).toEqual([]);
  });

  it('another person in the same browser begins anew', async () => {
    const { path } = await leave();
    const other = await deployment.owner();
    await deployment.link(other);
    await signIn(owner, other.username);
    const back = await owner.browser.get(path);
    expect(back.words).toContain('Let it ask for 1 thing until you stop it');
    expect(selectedChoices(back.text)).toMatchObject({ duration: 'open' });
  });

  it('the form is kept without its token, and not when it comes from another site or is too large', async () => {
    await leave();
    const [kept] = await keptForms();
    const form = new URLSearchParams(String(kept?.['form']));
    expect([...form.keys()]).not.toContain('request_uri');
    expect(form.get('duration')).toBe('month');
    const path = await push();
    const page = await owner.browser.get(path);
    const before = await keptForms();
    await owner.browser.post('/authorize', sent(page, { duration: 'hour' }), { 'sec-fetch-site': 'cross-site' });
    await owner.browser.post(
      '/authorize',
      sent(page, { duration: 'hour', long: 'x'.repeat(8000), more: 'ü'.repeat(8000) }),
    );
    expect(await keptForms()).toEqual(before);
  });
});

describe('a request that was answered', () => {
  it('in another tab, or before Back, shows that it was, with a way to the app and no code', async () => {
    const link = await deployment.link(owner);
    const path = await push();
    const [one, two] = [await owner.browser.get(path), await owner.browser.get(path)];
    const agreed = await owner.browser.post('/authorize', sent(one, { decision: 'allow' }));
    expect(agreed.onward).toContain('code=');
    const late = await owner.browser.post(
      '/authorize',
      sent(two, { [`answer:${link}:photos.write`]: 'allow', named: '1 1 open', decision: 'allow' }),
    );
    for (const answered of [late, await owner.browser.get(path)]) {
      expect(answered.words).toContain('You have already answered this');
      expect(answered.text).not.toContain('code=');
    }
    expect(await connections()).toHaveLength(1);
  });

  it('by the same press twice goes the same way', async () => {
    await deployment.link(owner);
    const page = await owner.browser.get(await push());
    const press = () => owner.browser.post('/authorize', sent(page, { decision: 'allow' }));
    const [first, second] = [await press(), await press()];
    expect(first.onward).toContain('code=');
    expect(second.onward).toBe(first.onward);
    expect(await connections()).toHaveLength(1);
  });
});
