import { eventually } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import { chatelaine } from '../support/operator.ts';
import { type PushBrowser, subscribeAt } from '../support/push-service.ts';
import { runWorker } from '../support/push-worker.ts';
import { ask, choose, deployment, due, idle, later, mail, PAGE, pushService, somebody } from './scene.ts';

const PUSH = `${PAGE}/push`;
let count = 0;

/** Turns web push on in a browser of this owner. */
async function subscribed(by: Story, browser = by.owner.browser): Promise<PushBrowser & { readonly path: string }> {
  const path = `/to/${++count}`;
  const one = subscribeAt(`${pushService.origin}${path}`);
  const answer = await browser.submit(PAGE, PUSH, one.form);
  expect([answer.status, answer.headers.location]).toEqual([303, `${PAGE}?saved=yes`]);
  return { ...one, path };
}
const pushedTo = (path: string) => pushService.pushed.filter((one) => one.path === path);
const subscriptions = ({ owner }: Story) =>
  deployment.rows('select endpoint from push_subscription where owner_id = $1', [owner.id]);
const settled = ({ owner }: Story) => eventually(async () => (await due(owner)).length === 0);

/** Notices by web push. RFC 8030, RFC 8291, RFC 8292. */
export function byPush(): void {
  describe('web push', () => {
    it('is off until turned on in a browser, and says only what kind of thing waits, encrypted for it', async () => {
      const [by, quiet] = [await somebody(), await somebody()];
      const browser = await subscribed(by);
      expect((await by.owner.browser.get(PAGE)).words).toContain('On in this browser.');
      await ask(quiet);
      await ask(by, 'photos.read', 'to read them');
      const [pushed] = await eventually(() => pushedTo(browser.path), { until: ({ length }) => length === 1 });
      expect(pushed?.headers).toMatchObject({ 'content-encoding': 'aes128gcm', ttl: '21600', topic: 'question' });
      expect(browser.open(pushed?.body ?? Buffer.alloc(0))).toEqual({ kind: 'question' });
      const [, token = '', key] = /^vapid t=([^,]+), k=(.+)$/.exec(String(pushed?.headers.authorization)) ?? [];
      const { aud, exp } = JSON.parse(String(Buffer.from(token.split('.')[1] ?? '', 'base64url'))) as {
        aud: string;
        exp: number;
      };
      expect([aud, exp > Date.now() / 1000]).toEqual([pushService.origin, true]);
      expect((await quiet.owner.browser.get(PAGE)).text).toContain(`data-push-key="${key}"`);
      expect(await subscriptions(quiet)).toEqual([]);
    });

    it('ends with the session of its browser, wherever that is ended, and is turned off by a press', async () => {
      const by = await somebody();
      const other = by.owner.browser.at(deployment.ams[1].port);
      const here = await subscribed(by);
      await other.submit(PAGE, `${PUSH}/off`);
      expect(await subscriptions(by)).toEqual([]);
      await subscribed(by);
      await by.owner.browser.submit('/', '/sign-out');
      expect(await subscriptions(by)).toEqual([]);
      await ask(by);
      await settled(by);
      expect(pushedTo(here.path)).toEqual([]);
    });

    it('ends with a session that ends by itself, before anybody has cleared it away', async () => {
      const by = await somebody();
      const browser = await subscribed(by);
      await deployment.rows(`update session set seen_at = now() - interval '13 hours' where account_id = $1`, [
        by.owner.id,
      ]);
      await ask(by);
      await settled(by);
      expect([await subscriptions(by), pushedTo(browser.path)]).toEqual([[], []]);
    });

    it.each([404, 410])('ends when the push service says that the browser is gone: %d', async (status) => {
      const by = await somebody();
      const browser = await subscribed(by);
      pushService.answer(status);
      await ask(by);
      await eventually(async () => (await subscriptions(by)).length === 0);
      pushService.answer(201);
      expect(pushedTo(browser.path)).toHaveLength(1);
    });

    it('is tried again when the push service cannot take it, and follows it nowhere', async () => {
      const by = await somebody();
      const browser = await subscribed(by);
      const before = deployment.host.pushed.length;
      pushService.answer(307, { location: `${deployment.host.issuer}/par` });
      await ask(by);
      await eventually(() => pushedTo(browser.path).length === 1);
      await eventually(
        async () =>
          (await deployment.rows('select 1 as tried from notice where owner_id = $1 and tries = 1', [by.owner.id]))
            .length === 1,
      );
      expect(deployment.host.pushed).toHaveLength(before);
      pushService.answer(201);
      await later(by.owner, '1 minute');
      await eventually(() => pushedTo(browser.path).length === 2);
    });

    const keys = subscribeAt('x').form;
    it.each([
      ['of this machine', { endpoint: 'http://127.0.0.1:4800/asks' }],
      ['of a private network', { endpoint: 'https://169.254.169.254/latest' }],
      ['of a name that begins like a push service', { endpoint: 'https://fcm.googleapis.com.evil.example/x' }],
      ['at another port', { endpoint: 'https://fcm.googleapis.com:8443/x' }],
      ['without TLS', { endpoint: 'http://fcm.googleapis.com/x' }],
      ['with a user in it', { endpoint: 'https://fcm.googleapis.com@evil.example/x' }],
      ['two labels below', { endpoint: 'https://a.b.push.apple.com/x' }],
      ['that is no address', { endpoint: 'javascript:alert(1)' }],
      ['with a key that is none', { endpoint: 'https://fcm.googleapis.com/x', p256dh: 'AAAA' }],
      ['with half a secret', { endpoint: 'https://fcm.googleapis.com/x', auth: 'AAAA' }],
    ])('takes no endpoint %s', async (_what, fields) => {
      const by = idle;
      const refused = await by.owner.browser.submit(PAGE, PUSH, { ...keys, ...fields });
      expect([refused.status, await subscriptions(by)]).toEqual([400, []]);
    });

    it('sends nothing to an endpoint that is stored and may not be any more', async () => {
      const by = await somebody();
      await subscribed(by);
      await deployment.rows(`update push_subscription set endpoint = $2 where owner_id = $1`, [
        by.owner.id,
        `${mail.url.replace('smtp', 'http')}/x`,
      ]);
      await ask(by);
      await settled(by);
      expect(await subscriptions(by)).toEqual([]);
    });

    it.each([
      ['no form token', {}],
      ['another site’s origin', { 'sec-fetch-site': 'cross-site' }],
    ])('is not turned on by a form with %s', async (_what, headers) => {
      const by = idle;
      const refused = await by.owner.browser.post(PUSH, subscribeAt(`${pushService.origin}/x`).form, headers);
      expect([refused.status, await subscriptions(by)]).toEqual([403, []]);
    });

    it('is for ten browsers of one owner at most: the oldest makes room', async () => {
      const by = await somebody();
      await deployment.rows(
        `insert into push_subscription (session_hash, owner_id, endpoint, p256dh, auth, push_key, created_at)
         select sha256(n::text::bytea), $1, 'https://fcm.googleapis.com/' || n, '', '', '',
           now() - n * interval '1 hour' from generate_series(1, 10) n`,
        [by.owner.id],
      );
      await subscribed(by);
      const kept = (await subscriptions(by)).map(({ endpoint }) => String(endpoint));
      expect([kept.length, kept.includes('https://fcm.googleapis.com/10')]).toEqual([10, false]);
    });

    it('is void under another key, once an operator has replaced it', async () => {
      const by = await somebody();
      const browser = await subscribed(by);
      const shown = async (port: number) =>
        /data-push-key="([^"]+)"/.exec((await idle.owner.browser.at(port).get(PAGE)).text)?.[1];
      const before = await shown(deployment.ams[0].port);
      expect((await chatelaine(deployment, 'rotate-keys push')).code).toBe(0);
      await eventually(
        async () =>
          (await shown(deployment.ams[0].port)) !== before && (await shown(deployment.ams[1].port)) !== before,
      );
      await ask(by);
      await settled(by);
      expect([await subscriptions(by), pushedTo(browser.path)]).toEqual([[], []]);
      expect((await by.owner.browser.get(PAGE)).words).toContain('Off in this browser.');
    });

    it('is told which topics are wanted, as mail is', async () => {
      const by = await somebody();
      const browser = await subscribed(by);
      await choose(by.owner.browser, { way: 'push', 'push:services': 'yes' });
      await ask(by);
      await deployment.rows(`update link set state = 'broken' where id = $1`, [by.linkId]);
      await eventually(() => pushedTo(browser.path).length === 1);
      expect(browser.open(pushedTo(browser.path)[0]?.body ?? Buffer.alloc(0))).toEqual({ kind: 'broke' });
    });

    it('has a worker of its own file, which fetches nothing, and a page that runs no script but ours', async () => {
      const { browser } = idle.owner;
      const page = await browser.get(PAGE);
      expect(page.headers['content-security-policy']).toContain("script-src 'self'");
      expect(page.headers['content-security-policy']).not.toContain('connect-src');
      const worker = await browser.get('/push-worker.js');
      expect([worker.status, worker.headers['content-type'], worker.headers['cache-control']]).toEqual([
        200,
        'text/javascript; charset=utf-8',
        'no-cache',
      ]);
      expect(worker.headers['content-security-policy']).toContain("default-src 'none'");
      expect(worker.text).not.toMatch(/fetch|importScripts|http/);
    });

    it('shows words of the worker’s own, whatever came, and opens no address but our own', async () => {
      const { text } = await idle.owner.browser.get('/push-worker.js');
      const page = (path: string) => ({ body: 'Chatelaine', data: { path }, tag: expect.any(String) });
      const shown = [
        [{ kind: 'question' }, ['A question waits for you', page('/asks')], '/asks'],
        [{ kind: 'recovered' }, ['A service works again', page('/hosts')], '/hosts'],
        [
          { kind: 'constructor', title: 'Pay here', path: 'https://evil.example/' },
          ['Something waits for you', page('/')],
          '/',
        ],
        ['no JSON', ['Something waits for you', page('/')], '/'],
      ] as const;
      for (const [data, expected, leadsTo] of shown) {
        const worker = runWorker(text);
        await worker.push(data);
        expect(worker.shown).toEqual([expected]);
        await worker.click();
        expect(worker.opened).toEqual([leadsTo]);
      }
    });
  });
}
