import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hiddenFields, PASSWORD, send } from '@chatelaine/test-kit';
import { TestAm } from './support/test-am.ts';
import { startHost, type TestHost } from './support/test-host.ts';

let embedded: Embedded;
let am: TestAm;
let host: TestHost;
beforeAll(async () => {
  embedded = await sharedEmbedded();
  am = await TestAm.start();
  host = await startHost(embedded, am);
});
afterAll(async () => {
  await Promise.all([am.close(), host.app.close()]);
  await embedded.stop();
});

describe('the consent page', () => {
  test('comes after sign-in, in the looks of the service, and says who asks', async () => {
    const browser = host.browser();
    const { address } = await am.push(host);
    const away = await browser.get(address);
    expect(away.status).toBe(303);
    expect(away.headers.location).toBe(`/sign-in?${new URLSearchParams({ return_to: address }).toString()}`);
    await browser.signUp('consent');
    const page = await browser.get(address);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`am.localhost:${am.port}`);
    expect(page.text).toContain('Keyring &lt;b>of yours&lt;/b>');
    expect(page.text).toContain('not verified');
    expect(page.text).toContain('See your photos');
    expect(page.text).toContain('Signed in as');
    // docs/security.md: a dishonest one can name a key of its own
    expect(page.words).toContain('it could hand a key to itself as well');
    expect(page.words).not.toContain('never sees');
    expect(page.headers['content-security-policy']).toContain("form-action 'self';");
  });

  test('leads from sign-in back to itself', async () => {
    const browser = await host.browser().signUp('returning');
    await browser.submit('/entries', '/sign-out', {});
    const { address } = await am.push(host);
    const away = await browser.get(address);
    const answer = await browser.submit(away.headers.location ?? '', '/sign-in', {
      username: 'returning',
      password: PASSWORD,
    });
    expect([answer.status, answer.headers.location]).toEqual([303, address]);
    expect((await browser.get(address)).text).toContain('At most, it may let others');
  });

  test('with nothing ticked is shown again, and can be refused', async () => {
    const browser = await host.browser().signUp('refusing');
    const { address } = await am.push(host);
    const fields = hiddenFields((await browser.get(address)).text, '/authorize');
    const again = await browser.post('/authorize', { ...fields, decision: 'allow' });
    expect(again.status).toBe(400);
    expect(again.text).toContain('Tick at least one permission');
    const refused = await browser.post('/authorize', { ...fields, decision: 'deny' });
    expect(new URL(refused.onward ?? '').searchParams.get('error')).toBe('access_denied');
    expect((await browser.get('/access')).text).toContain('Nobody but you');
  });

  test('counts for what was shown: an answer to another page shows this one, and leaves no link', async () => {
    const browser = await host.browser().signUp('shown');
    const pageOf = async (params: Record<string, string>) => {
      const { address } = await am.push(host, params);
      return hiddenFields((await browser.get(address)).text, '/authorize');
    };
    const other = await pageOf({});
    const own = await pageOf({ transfer_scope: 'entries.read' });
    expect(own['shown']).not.toBe(other['shown']);
    const chosen = { 'allow:entries.read': 'yes', until: '', decision: 'allow' };
    const again = await browser.post('/authorize', { ...own, shown: other['shown'] ?? '', ...chosen });
    expect(again.status).toBe(400);
    expect(again.words).toContain('Something on this page has changed since it was shown to you');
    expect((await browser.get('/access')).text).toContain('Nobody but you');
    const agreed = await browser.post('/authorize', { ...hiddenFields(again.text, '/authorize'), ...chosen });
    expect(new URL(agreed.onward ?? '').searchParams.has('code')).toBe(true);
  });

  test('of a request that is over is a page that says so', async () => {
    const browser = await host.browser().signUp('late');
    const { address } = await am.push(host);
    const fields = hiddenFields((await browser.get(address)).text, '/authorize');
    await browser.post('/authorize', { ...fields, decision: 'deny' });
    const answer = await browser.get(address);
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
    expect(answer.text).toContain('already answered');
  });
});

describe('the page of who has access', () => {
  test('shows each AM, what it may hand out, and to whom it did', async () => {
    const browser = await host.browser().signUp('sharing');
    const link = await am.link(host, browser, ['entries.read']);
    expect((await browser.get('/access')).text).toContain('has not handed out anything yet');
    await am.token(host, link, 'entries.read');
    const page = await browser.get('/access');
    expect(page.text).toContain(`am.localhost:${am.port}`);
    expect(page.text).toContain('See your photos');
    expect(page.text).not.toContain('Add photos for you');
    expect(page.text).toContain('&lt;script>Feed&lt;/script>');
    expect(page.text).not.toContain('<script');
    expect(page.text).toContain(`${am.issuer}/feed`);
  });

  test('cuts an AM off at once', async () => {
    const browser = await host.browser().signUp('cutting');
    const token = await am.token(host, await am.link(host, browser), 'entries.read');
    expect((await am.call(host, token)).status).toBe(200);
    const answer = await browser.submit('/access', '/access/end', {});
    expect([answer.status, answer.headers.location]).toEqual([303, '/access?ended=yes']);
    expect((await am.call(host, token)).status).toBe(401);
    const page = await browser.get('/access?ended=yes');
    expect(page.text).toContain('It is cut off.');
    expect(page.text).toContain('Nobody but you');
    expect((await browser.get('/access')).text).not.toContain('It is cut off.');
  });

  test('ends nobody else’s link, none twice, and none without the form’s token', async () => {
    const owner = await host.browser().signUp('owner');
    const token = await am.token(host, await am.link(host, owner), 'entries.read');
    const fields = hiddenFields((await owner.get('/access')).text, '/access/end');
    const mallory = await host.browser().signUp('mallory');
    const own = hiddenFields((await mallory.get('/entries')).text, '/entries');
    expect((await mallory.post('/access/end', { ...own, link: fields['link'] })).status).toBe(404);
    expect((await owner.post('/access/end', { link: fields['link'] })).status).toBe(403);
    expect((await owner.post('/access/end', { ...fields, link: 'lnk_unknown' })).status).toBe(404);
    expect((await am.call(host, token)).status).toBe(200);
    expect((await owner.post('/access/end', fields)).status).toBe(303);
    expect((await owner.post('/access/end', fields)).status).toBe(404);
  });

  test('is for who is signed in', async () => {
    const stranger = host.browser();
    expect((await stranger.get('/access')).headers.location).toBe('/sign-in?return_to=%2Faccess');
    expect((await stranger.post('/access/end', { link: 'x' })).status).toBe(403);
  });
});

test('the front page says what this is, and leads who is signed in to what is theirs', async () => {
  const browser = host.browser();
  const page = await browser.get('/');
  expect(page.text).toContain(host.issuer);
  await browser.signUp('front');
  expect((await browser.get('/')).headers.location).toBe('/entries');
});

test('it says that it lives and that it can serve', async () => {
  expect((await send(host.port, { path: '/healthz' })).json).toEqual({ status: 'ok' });
  expect((await send(host.port, { path: '/readyz' })).json).toEqual({ status: 'ready' });
});

describe('the way from here to a person’s authorization manager', () => {
  test('leads by a plain link to its form with this Host filled in, and asks nobody anything', async () => {
    const browser = await host.browser().signUp('starting');
    const page = await browser.submit('/access/manager', '/access/manager', { am: ' AM.example/any ' });
    expect(page.status).toBe(200);
    const href = /href="(https:\/\/am\.example\/hosts\/add\?[^"]+)"/.exec(page.text)?.[1] ?? '';
    expect(new URL(href).searchParams.get('host')).toBe(host.issuer);
  });

  test('refuses what is no address of one, and itself, with a sentence', async () => {
    const browser = await host.browser().signUp('mistyping');
    for (const am of ['', 'not an address', 'javascript:alert(1)', '//', 'ftp://am.example', host.issuer]) {
      const page = await browser.submit('/access/manager', '/access/manager', { am });
      expect([am, page.status]).toEqual([am, 400]);
      expect(page.text).toContain('address of');
      expect(page.text).not.toMatch(/href="(javascript|ftp)/);
    }
  });

  test('is for people who are signed in', async () => {
    expect((await host.browser().get('/access/manager')).status).toBe(303);
  });
});
