import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, hiddenFields, send } from '@chatelaine/test-kit';
import { TestDeployment, type Owner } from './support/deployment.ts';
import { agree, selectedChoices, type Requester, fieldsWithoutButton } from './support/requester.ts';

let deployment: TestDeployment;
let owner: Owner;
let link: string;
let requester: Requester;
const PRINT = { scope: 'photos.read', purpose: 'To print them, and nothing else' };
const DRAW = { scope: 'albums.write', purpose: 'To keep what you draw' };

beforeAll(async () => {
  deployment = await TestDeployment.build();
});
beforeEach(async () => {
  deployment.host.reset();
  owner = await deployment.owner();
  link = await deployment.link(owner);
  requester = deployment.requester();
});
afterAll(() => deployment.close());

const wanting = async (...wants: object[]): Promise<string> =>
  (await requester.push({ chatelaine_wants: JSON.stringify(wants) })).path;
const rules = () =>
  deployment.rows(
    `select r.scope, r.effect from rule r join connection c on c.id = r.connection_id
      where c.client_id = $1 order by 1`,
    [requester.clientId],
  );
/** The form that a browser sends after `fields` were changed and a button was pressed. */
const sent = (page: Answer, fields: Record<string, string>): Record<string, string> => ({
  ...hiddenFields(page.text, '/authorize'),
  ...selectedChoices(page.text),
  ...fields,
});
const part = (page: Answer, from: string, to: string): string => page.text.split(from)[1]?.split(to)[0] ?? '';

describe('the consent page', () => {
  it('shows what is wanted first, its purpose in quotes, and everything else behind it, off', async () => {
    const page = await owner.browser.get(await wanting(PRINT, DRAW));
    expect(page.text).toContain('<q>To print them, and nothing else</q>');
    expect(page.text).toContain('<q>To keep what you draw</q>');
    const first = part(page, 'What it may ask for', 'Show everything it could have');
    const rest = part(page, 'Show everything it could have', 'For how long?');
    for (const scope of ['photos.read', 'albums.write']) expect(first).toContain(`answer:${link}:${scope}`);
    for (const scope of ['photos.write', 'albums.read', 'faces.read']) {
      expect(first).not.toContain(`answer:${link}:${scope}`);
      expect(rest).toContain(`answer:${link}:${scope}`);
    }
    expect(page.words).toContain('Let it ask for 1 thing until you stop it');
    await owner.browser.post('/authorize', sent(page, { decision: 'allow' }));
    expect(await rules()).toEqual([{ scope: 'photos.read', effect: 'ask' }]);
  });

  it('takes what the document says where the request says nothing, and the request where both do', async () => {
    requester = deployment.requester({ document: { chatelaine_wants: [PRINT] } });
    expect((await owner.browser.get((await requester.push()).path)).text).toContain(`<q>${PRINT.purpose}</q>`);
    const both = await owner.browser.get(await wanting(DRAW));
    expect([both.text.includes(PRINT.purpose), both.text.includes(`<q>${DRAW.purpose}</q>`)]).toEqual([false, true]);
  });

  it('is about what is wanted at one resource there and nowhere else', async () => {
    const elsewhere = { ...PRINT, resource: 'https://nobody.example/api' };
    const page = await owner.browser.get(await wanting(elsewhere));
    expect(page.words).toContain('nothing of it is to be had here at nobody.example');
    expect(page.text).not.toContain('What it may ask for');
    expect(part(page, 'Show everything it could have', 'For how long?')).toContain(`answer:${link}:photos.read`);
  });

  it.each(['<script>alert(1)</script>', '</q><img src=x onerror=alert(1)>', '{{7*7}}', '" onmouseover="alert(1)'])(
    'shows a purpose that is an attack as the text it is: %s',
    async (purpose) => {
      const page = await owner.browser.get(await wanting({ scope: 'photos.read', purpose }));
      expect(page.text).not.toMatch(/<script>alert|<img src=x| onmouseover="alert/);
      expect(page.words).toContain(purpose);
    },
  );

  it('fills itself in at a button, agrees to nothing by that, and then to what it shows', async () => {
    const page = await owner.browser.get(await wanting(PRINT, DRAW));
    const preset = { preset: 'wanted', preset_effect: 'allow', duration: 'hour' };
    const filled = await owner.browser.post('/authorize', sent(page, preset));
    expect([filled.status, filled.onward]).toEqual([200, undefined]);
    expect(filled.words).toContain('Allow 2 things for 1 hour');
    expect(await rules()).toEqual([]);
    const agreed = await owner.browser.post('/authorize', sent(filled, { decision: 'allow' }));
    expect(agreed.onward).toContain('code=');
    expect(await rules()).toEqual([
      { scope: 'albums.write', effect: 'allow' },
      { scope: 'photos.read', effect: 'allow' },
    ]);
  });

  it('shows itself again where a form is sent without a button: Enter in a field agrees to nothing', async () => {
    const page = await owner.browser.get(await wanting(PRINT));
    const again = await owner.browser.post('/authorize', sent(page, { [`all:${link}`]: 'allow' }));
    expect([again.status, again.onward]).toEqual([200, undefined]);
    expect(again.words).toContain('Allow 1 thing until you stop it');
    expect(await rules()).toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['more', { DRAW: 'allow' }, 'Allow 1 thing, ask for 1 more, until you stop it'],
    ['longer', { duration: 'month' }, 'Let it ask for 1 thing for 30 days'],
  ])('agrees to nothing %s than its button said, and says it first', async (_what, { DRAW: draw, ...more }, says) => {
    const page = await owner.browser.get(await wanting(PRINT, DRAW));
    const fields = { ...more, ...(draw !== undefined && { [`answer:${link}:albums.write`]: draw }) };
    const again = await owner.browser.post('/authorize', sent(page, { ...fields, decision: 'allow' }));
    expect([again.status, again.onward]).toEqual([400, undefined]);
    for (const words of ['It now says what it comes to', says]) expect(again.words).toContain(words);
    expect(await rules()).toEqual([]);
    expect((await owner.browser.post('/authorize', sent(again, { decision: 'allow' }))).onward).toContain('code=');
  });

  it('says what is wrong beside what is wrong, where the next key goes', async () => {
    const second = await deployment.link(owner);
    const page = await owner.browser.get((await requester.push()).path);
    const wrong = async (fields: Record<string, string>): Promise<[string, string]> => {
      const { text } = await owner.browser.post('/authorize', {
        ...fieldsWithoutButton(page.text),
        duration: 'open',
        decision: 'allow',
        ...fields,
      });
      const focused = [...text.matchAll(/<(?:input|select)[^>]* name="([^"]*)"[^>]* autofocus/g)].map(
        ([, name]) => name,
      );
      const [, beside] = /role="alert">([^<]*)</.exec(text.split('autofocus')[1] ?? '') ?? [];
      return [focused.join(), beside ?? ''];
    };
    expect(await wrong({})).toEqual([`all:${link}`, expect.stringContaining('Choose at least one thing')]);
    const both = { [`answer:${link}:photos.read`]: 'ask', [`answer:${second}:photos.read`]: 'ask' };
    expect(await wrong(both)).toEqual([`all:${second}`, expect.stringContaining('You chose two accounts')]);
    const aeon = { [`answer:${link}:photos.read`]: 'ask', duration: 'aeon' };
    expect(await wrong(aeon)).toEqual(['duration', 'Choose for how long.']);
  });

  describe('counts for what was shown', () => {
    const changedBy = async (change: () => Promise<unknown>): Promise<Answer> => {
      const path = (await requester.push()).path;
      const page = await owner.browser.get(path);
      await change();
      const other = owner.browser.at(deployment.ams[1].port);
      return other.post('/authorize', sent(page, { [`answer:${link}:photos.read`]: 'allow', decision: 'allow' }));
    };

    it('what the document wants: changed meanwhile, nothing is agreed to', async () => {
      requester = deployment.requester({ document: { chatelaine_wants: [PRINT] } });
      const again = await changedBy(async () => {
        const { port, pathname } = new URL(requester.clientId);
        const { json } = await send(Number(port), { path: pathname });
        deployment.documents.publish(pathname, { ...json, chatelaine_wants: [{ ...PRINT, purpose: 'To sell them' }] });
        await deployment.rows('update oauth_document set fresh_until = now() where url = $1', [requester.clientId]);
      });
      expect(again.words).toContain('Something on this page has changed');
      expect(again.text).toContain('<q>To sell them</q>');
      expect(await rules()).toEqual([]);
    });

    it('what a Host says of reading and writing: changed meanwhile, nothing is agreed to', async () => {
      const mark = (access: object) =>
        deployment.rows(`update host set metadata = metadata || $1::jsonb where issuer = $2`, [
          JSON.stringify({ chatelaine_transfer_scope_access: access }),
          deployment.host.issuer,
        ]);
      const again = await changedBy(() => mark({ 'photos.read': 'write' }));
      expect(again.words).toContain('Something on this page has changed');
      expect(await rules()).toEqual([]);
      await mark({ 'photos.read': 'read', 'albums.read': 'read', 'faces.read': 'read' });
    });
  });

  it('takes what a Host marks as nothing for writing', async () => {
    const mark = (access: string | null) =>
      deployment.rows(
        `update host set metadata = jsonb_set(metadata - 'chatelaine_transfer_scope_access', '{x}', '1') ||
          coalesce($1::jsonb, '{}') where issuer = $2`,
        [access, deployment.host.issuer],
      );
    const [before] = await deployment.rows('select metadata from host where issuer = $1', [deployment.host.issuer]);
    for (const access of [null, '{"chatelaine_transfer_scope_access": {"photos.read": "delete"}}']) {
      await mark(access);
      const page = await owner.browser.get(await wanting(PRINT));
      expect(page.words).toContain('Allow nothing yet');
    }
    await deployment.rows('update host set metadata = $1::jsonb where issuer = $2', [
      JSON.stringify(before?.['metadata']),
      deployment.host.issuer,
    ]);
  });

  it('names the address of a program on this computer, and warns of a document with nothing else', async () => {
    const WARNING = 'leads to programs on this computer and to nothing else';
    const usual = await owner.browser.get((await requester.push()).path);
    const native = deployment.requester({
      document: { redirect_uris: ['https://app.example/cb', 'http://127.0.0.1/cb'] },
    });
    const both = await owner.browser.get((await native.push({ redirect_uri: 'http://127.0.0.1:9/cb' })).path);
    expect(both.words).toContain('as a program on this computer (127.0.0.1)');
    const local = deployment.requester({ document: { redirect_uris: ['http://127.0.0.1/cb', 'http://localhost/cb'] } });
    const alone = await owner.browser.get((await local.push({ redirect_uri: 'http://localhost:9/cb' })).path);
    expect(alone.words).toContain('as a program on this computer (localhost)');
    expect([usual, both, alone].map(({ words }) => words.includes(WARNING))).toEqual([false, false, true]);
  });

  it('never agrees by a button that is none, or one beside another', async () => {
    const path = await wanting(PRINT);
    for (const fields of [{ decision: 'allow', preset: 'everything' }, { preset: 'read' }, { decision: 'yes' }])
      expect((await agree(owner.browser, path, { [`answer:${link}:photos.read`]: 'allow', ...fields })).onward).toBe(
        undefined,
      );
    expect(await rules()).toEqual([]);
  });
});
