import {
  addHost,
  type Constellation,
  type Person,
  signIn,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { seriousIn } from '../support/axe.ts';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { contextFor } from '../support/stage.ts';

const executable = chromiumPath();
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };
const LOOKS = [WIDE, NARROW].flatMap((viewport) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme })),
);

const describeInBrowser = executable === null ? describe.skip : describe;
describeInBrowser(`the consent page, in a browser${executable === null ? ' [needs Chromium]' : ''}`, () => {
  let deployment: Constellation;
  let browser: Browser;
  let robin: Person;
  const opened: BrowserContext[] = [];

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([
      startConstellation({ ams: 1, label: 'consent', env: () => ({ CONNECTS_PER_HOUR: '1000' }) }),
      launchChromium(executable ?? '', { as: 'one process' }),
    ]);
    robin = deployment.person({ username: 'robin' });
    for (const { url } of [deployment.am, ...deployment.hosts, deployment.requester]) await signUp(robin, url);
    for (const flavor of ['photos', 'calendar'] as const)
      await addHost(robin, { am: deployment.am, host: deployment.host(flavor) });
  });
  afterEach(async () => {
    for (const context of opened.splice(0)) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.stop();
  });

  async function tab(options: BrowserContextOptions = { viewport: WIDE }): Promise<Page> {
    const context = await contextFor(browser, robin, deployment, options);
    opened.push(context);
    return context.newPage();
  }
  /** Goes from Lifestream to the consent page. */
  async function asked(page: Page): Promise<Page> {
    await page.goto(`${deployment.requester.url}/connect`);
    await page.locator('input[name=am]').fill(deployment.am.url);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByRole('link', { name: /^Continue to / }).click();
    await page.getByText('What it wants, in its own words').waitFor();
    return page;
  }
  const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const choose = (page: Page, what: RegExp, answer: string): Promise<void> =>
    page.getByRole('radiogroup', { name: what }).getByLabel(answer, { exact: true }).check();
  const says = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).waitFor();
  const atLifestream = (page: Page): Promise<void> => page.waitForURL(`${deployment.requester.url}/connections`);
  const lasting = () =>
    deployment.database.query(
      'am',
      `select r.scope, r.effect, extract(epoch from r.expires_at - c.created_at)::int as seconds
      from rule r join connection c on c.id = r.connection_id
      where c.id = (select id from connection order by created_at desc limit 1) order by 1, 2`,
      [],
    );

  test.each(LOOKS)(
    'says what its button comes to while somebody chooses, and agrees to that: $viewport.width $colorScheme',
    async (looks) => {
      const page = await asked(await tab(looks));
      await says(page, 'Let it ask for 2 things until you stop it');
      await choose(page, /See your photos/, 'Allow');
      await choose(page, /Add photos/, 'Ask');
      await page.getByLabel('1 hour').check();
      await says(page, 'Allow 1 thing, ask for 2 more, for 1 hour');
      const button = await page.getByRole('button', { name: /^Allow 1/ }).boundingBox();
      expect(button === null ? 0 : button.y + button.height).toBeGreaterThan(0);
      expect(button === null ? Infinity : button.y + button.height).toBeLessThanOrEqual(looks.viewport.height);
      expect(await page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)')).toBe(0);
      expect(await seriousIn(page)).toEqual([]);
      await press(page, 'Allow 1 thing, ask for 2 more, for 1 hour');
      await atLifestream(page);
      expect(await lasting()).toEqual([
        { scope: 'entries.read', effect: 'allow', seconds: 3_600 },
        { scope: 'entries.read', effect: 'ask', seconds: 3_600 },
        { scope: 'entries.write', effect: 'ask', seconds: 3_600 },
      ]);
    },
  );

  test.each([true, false])(
    'is filled in by one button, and shows what that was; with a script: %s',
    async (javaScriptEnabled) => {
      const page = await asked(await tab({ viewport: NARROW, javaScriptEnabled }));
      await page.getByRole('radiogroup', { name: 'Set all to' }).getByLabel('Allow', { exact: true }).check();
      await press(page, 'What it asks');
      await says(page, 'Allow 4 things until you stop it');
      expect(
        await page
          .getByRole('radiogroup', { name: /Add photos/ })
          .getByLabel('Allow', { exact: true })
          .isChecked(),
      ).toBe(true);
      // the page is shown where the choices begin, not from the top again
      expect((await page.getByRole('heading', { name: 'What it may ask for' }).boundingBox())?.y).toBeLessThan(
        NARROW.height / 2,
      );
      await press(page, 'Only read');
      await says(page, 'Allow 2 things until you stop it');
      await press(page, 'Allow 2 things until you stop it');
      await atLifestream(page);
      expect((await lasting()).map((row) => row['scope'])).toEqual(['entries.read', 'entries.read']);
    },
  );

  test.each(LOOKS)('says what is wrong where it is, and goes there: $viewport.width $colorScheme', async (looks) => {
    const page = await asked(await tab(looks));
    for (const off of await page.getByLabel('Off', { exact: true }).all()) await off.check();
    await press(page, 'Allow nothing yet');
    const problem = page.getByText('Choose at least one thing');
    await problem.waitFor();
    expect(await page.evaluate('document.activeElement.name')).toMatch(/^all:/);
    const box = await problem.boundingBox();
    expect(box !== null && box.y > 0 && box.y + box.height < looks.viewport.height).toBe(true);
    expect(await seriousIn(page)).toEqual([]);
  });

  test('adding a service on the way comes back to the same choices, without a script', async () => {
    const page = await asked(await tab({ viewport: NARROW, javaScriptEnabled: false }));
    await choose(page, /See your photos/, 'Allow');
    await page.getByLabel('30 days').check();
    await press(page, 'Add another service, and come back');
    await page.locator('input[name=host]').fill(deployment.host('notes').url);
    await press(page, 'Continue');
    await page.getByRole('link', { name: /^Continue to / }).click();
    await press(page, 'Link');
    await page.getByText('What it wants, in its own words').waitFor();
    expect(
      await page
        .getByRole('radiogroup', { name: /See your photos/ })
        .getByLabel('Allow', { exact: true })
        .isChecked(),
    ).toBe(true);
    expect(
      await page
        .getByRole('radiogroup', { name: /Read your notes/ })
        .getByLabel('Ask', { exact: true })
        .isChecked(),
    ).toBe(true);
    await press(page, 'Allow 1 thing, ask for 2 more, for 30 days');
    await atLifestream(page);
  });

  test('signing in again on the way comes back to the same choices', async () => {
    const page = await asked(await tab());
    await choose(page, /See your photos/, 'Allow');
    const other = await page.context().newPage();
    await other.goto(deployment.am.url);
    await press(other, 'Sign out');
    await page.getByRole('button', { name: /^Allow 1 thing, ask/ }).click();
    await page.locator('#username').fill(robin.username);
    await page.getByLabel('Password').fill(robin.password);
    await press(page, 'Sign in');
    await page.getByRole('button', { name: /^Allow 1 thing, ask/ }).click();
    await atLifestream(page);
    await signIn(robin, deployment.am.url);
  });

  test('an app asks for more by the connection it has: what it adds is shown, and added there', async () => {
    const page = await asked(await tab({ viewport: NARROW }));
    await page.getByRole('button', { name: /^Let it ask for/ }).click();
    await atLifestream(page);
    const live = async () =>
      (await deployment.database.query('am', 'select c.id from connection c join oauth_grant g on g.id = c.id', []))
        .length;
    const before = await live();
    await page.getByRole('button', { name: 'Let this app do more' }).last().click();
    await page.getByRole('link', { name: /^Continue to / }).click();
    await page.getByText('Let Lifestream ask for more?').waitFor();
    expect(await page.locator('main').innerText()).toContain('Adds: write to Calendar');
    expect(await seriousIn(page)).toEqual([]);
    await choose(page, /Add photos/, 'Allow');
    await press(page, 'Add: allow 1 thing');
    await atLifestream(page);
    expect(await live()).toBe(before);
  });

  test('reloaded, the button says what is chosen then', async () => {
    const page = await asked(await tab());
    await choose(page, /See your photos/, 'Allow');
    await page.reload();
    const allowed = await page.locator('input[name^="all:"][value=allow]:checked').count();
    await page.getByRole('button', { name: allowed === 1 ? /^Allow 1 thing, ask/ : /^Let it ask for/ }).waitFor();
  });

  test('pressed twice on a slow line it is one connection; Back and another tab show it as answered', async () => {
    const page = await asked(await tab());
    const question = page.url();
    const second = await page.context().newPage();
    await second.goto(question);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.enable');
    const line = { offline: false, latency: 300, downloadThroughput: -1, uploadThroughput: -1 };
    await devtools.send('Network.emulateNetworkConditions', line);
    const connections = async () =>
      (await deployment.database.query('am', 'select c.id from connection c join oauth_grant g on g.id = c.id', []))
        .length;
    const before = await connections();
    await page.getByRole('button', { name: /^Let it ask/ }).dblclick({ delay: 20, noWaitAfter: true });
    // waits for a heading and not for a URL: the second press aborts the navigation of the first, at which such a wait
    // would fail
    await page.getByRole('heading', { name: 'My Hosts' }).waitFor();
    expect(await connections()).toBe(before + 1);
    await choose(second, /See your photos/, 'Allow');
    await second.getByRole('button', { name: /^Allow 1 thing/ }).click();
    await second.getByText('You have already answered this').waitFor();
    await page.goBack();
    await page.getByText(/You have already answered this|Continue at your/).waitFor();
    expect(await page.content()).not.toContain('code=');
  });
});
