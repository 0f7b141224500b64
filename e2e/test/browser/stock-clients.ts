import type { Constellation, Person } from '@chatelaine/constellation';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { chromiumPath, launchChromium, newContext } from '../../support/chromium.ts';
import { type App, type AppOptions, startApp } from './app.ts';

export interface BrowserScene {
  readonly deployment: Constellation;
  /** Signed in at the AM, where an account at the Host is linked. */
  readonly owner: Person;
  readonly resource: string;
  readonly scope: string;
}

/**
 * What only a real browser shows: where it lets a form lead, who may be a page's opener, and what double clicks and
 * Back do.
 */
export function stockClientsInABrowser(sceneOf: () => BrowserScene): void {
  const executable = chromiumPath();
  const describeInBrowser = executable === null ? describe.skip : describe;
  describeInBrowser(
    `the owner of a stock client, in a browser${executable === null ? ' [needs Chromium]' : ''}`,
    () => {
      let browser: Browser;
      const opened: { close(): Promise<void> }[] = [];
      beforeAll(async () => {
        browser = await launchChromium(executable ?? '', { as: "people's" });
      });
      afterEach(async () => {
        for (const it of opened.splice(0).toReversed()) await it.close();
      });
      afterAll(() => browser?.close());

      async function app(options: AppOptions = {}): Promise<App> {
        const started = await startApp(sceneOf(), options);
        opened.push(started);
        return started;
      }
      async function context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
        const { owner, deployment } = sceneOf();
        const made = await newContext(browser, options);
        const { url } = deployment.am;
        const cookies = [...owner.cookies.of(new URL(url).hostname)];
        await made.addCookies(cookies.map(([name, value]) => ({ name, value, url, httpOnly: true })));
        opened.push(made);
        return made;
      }
      /** Opens a page and collects the errors that the browser reports. */
      async function tab(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
        const page = await (await context(options)).newPage();
        const complaints: string[] = [];
        page.on('console', (message) => void complaints.push(message.text()));
        return { page, complaints };
      }
      const press = (page: Page, name: string): Promise<void> =>
        page.getByRole('button', { name, exact: true }).click();
      async function allow(page: Page): Promise<void> {
        await page.getByLabel('Let it have keys that fit anybody').check();
        await page.getByRole('button', { name: /^Allow / }).click();
      }
      const arrival = (page: Page): Promise<void> => page.getByRole('heading', { name: 'Arrived' }).waitFor();

      test('comes back to a callback at [::1], with a code that works and that no Referer tells', async () => {
        const its = await app({ host: '[::1]' });
        const { page, complaints } = await tab();
        await page.goto(its.start());
        await allow(page);
        await arrival(page);
        const query = await its.called;
        expect(Object.fromEntries(query)).toMatchObject({ state: 'a-state', iss: sceneOf().deployment.am.url });
        expect(its.cameBack.map(({ headers }) => headers.referer)).toEqual([undefined]);
        expect(await its.use(query.get('code') ?? '')).toBe(200);
        expect(complaints).toEqual([]);
      });

      test.each(['Allow', 'Refuse'])('after %s a callback may lead on to another origin', async (answer) => {
        const elsewhere = await app();
        const its = await app({
          callback: (response) => response.writeHead(302, { location: `${elsewhere.redirectUri}?at=the-end` }).end(),
        });
        const { page, complaints } = await tab();
        await page.goto(its.start());
        await (answer === 'Allow' ? allow(page) : press(page, answer));
        await arrival(page);
        expect((await elsewhere.called).get('at')).toBe('the-end');
        expect([...(await its.called).keys()]).toContain(answer === 'Allow' ? 'code' : 'error');
        expect(complaints).toEqual([]);
      });

      test('a callback may lead on to an app by a scheme of its own', async () => {
        const its = await app({
          callback: (response) => response.writeHead(302, { location: 'claude://signed-in' }).end(),
        });
        const { page, complaints } = await tab();
        const devtools = await page.context().newCDPSession(page);
        await devtools.send('Network.enable');
        const { promise: gone, resolve } = Promise.withResolvers<void>();
        devtools.on('Network.requestWillBeSent', ({ request }) => {
          if (request.url === 'claude://signed-in') resolve();
        });
        await page.goto(its.start());
        await allow(page);
        await gone;
        expect(complaints.filter((it) => /content security policy/i.test(it))).toEqual([]);
        expect(await its.use((await its.called).get('code') ?? '')).toBe(200);
      });

      test('without JavaScript the way back is the same', async () => {
        const its = await app();
        const { page } = await tab({ javaScriptEnabled: false });
        await page.goto(its.start());
        await allow(page);
        await arrival(page);
        expect((await its.called).has('code')).toBe(true);
      });

      test.each(['signed in', 'not signed in'])('a popup finds its opener again, %s', async (who) => {
        const its = await app({
          front: (self) => `<a href="#" onclick="window.open('${self.start().replaceAll('&', '&amp;')}')">Connect</a>
          <script>addEventListener('message', ({ data }) => { document.title = data; })</script>`,
          callback: (response) =>
            response
              .writeHead(200, { 'content-type': 'text/html' })
              .end('<script>opener.postMessage("told " + location.search, "*"); close()</script>'),
        });
        const { page } = await tab();
        if (who === 'not signed in') await page.context().clearCookies();
        await page.goto(its.origin);
        const opening = page.waitForEvent('popup');
        await page.getByText('Connect').click();
        const popup = await opening;
        if (who === 'not signed in') await signIn(popup);
        await allow(popup);
        await page.waitForFunction('document.title.startsWith("told ?code=")');
        expect(await its.use((await its.called).get('code') ?? '')).toBe(200);
      });
      async function signIn(page: Page): Promise<void> {
        const { username, password } = sceneOf().owner;
        await page.locator('#username').fill(username);
        await page.getByLabel('Password').fill(password);
        await press(page, 'Sign in');
      }

      test('Allow clicked twice, on a slow line, ends at the app with a code that works', async () => {
        const its = await app();
        const { page } = await tab();
        await page.goto(its.start());
        await page.getByLabel('Let it have keys that fit anybody').check();
        const devtools = await page.context().newCDPSession(page);
        await devtools.send('Network.enable');
        const line = { offline: false, latency: 300, downloadThroughput: -1, uploadThroughput: -1 };
        await devtools.send('Network.emulateNetworkConditions', line);
        await page.getByRole('button', { name: /^Allow / }).dblclick({ delay: 20, noWaitAfter: true });
        await arrival(page);
        expect(its.cameBack.map(({ query }) => query.has('code'))).toEqual([true]);
        expect(await its.use((await its.called).get('code') ?? '')).toBe(200);
      });

      test('Back, from the app, shows that the answer was given, with no code and a way back to the app', async () => {
        const its = await app();
        const { page } = await tab();
        await page.goto(its.start());
        await allow(page);
        await arrival(page);
        await page.goBack();
        await page.getByText('You have already answered this').waitFor();
        expect(await page.content()).not.toContain('code=');
        await page.getByRole('link', { name: /^Back to / }).click();
        await page.waitForURL(`${its.origin}/`);
        expect(its.cameBack).toHaveLength(1);
      });
    },
  );
}
