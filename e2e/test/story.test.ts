import { type Constellation, startConstellation } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { eventually } from '@chatelaine/test-kit';

// one house, one person, one window, no script: each test goes on where the one before ended

const executable = chromiumPath();
const PASSWORD = 'correct horse battery';
/** PROTOCOL §7 says 5, on a machine that is not busy: the soak measures that. Less patience than usual, all the same. */
const HOST_KNOWS_WITHIN_SECONDS = 15;

const describeInBrowser = executable === null ? describe.skip : describe;
describeInBrowser(`the whole story, in a browser${executable === null ? ' [needs Chromium]' : ''}`, () => {
  let house: Constellation;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [house, browser] = await Promise.all([
      startConstellation({ ams: 1, hosts: ['photos', 'calendar'], label: 'story' }),
      launchChromium(executable ?? '', { as: 'one process' }),
    ]);
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB' });
    context.setDefaultTimeout(20_000);
    page = await context.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await house?.stop();
  });

  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const follow = (name: string | RegExp): Promise<void> => page.getByRole('link', { name }).first().click();
  /** Presses what ends an authorization; the page after it leads back to where the authorization began. */
  async function answer(button: string, backTo: string): Promise<void> {
    await press(button);
    await page.waitForURL((url) => url.origin === backTo);
  }
  /** All of the page: the feed comes while it is read. */
  const text = async (): Promise<string> => {
    await page.waitForLoadState();
    return page.locator('main').innerText();
  };
  const card = (title: string) =>
    page.locator('section.card', { has: page.getByRole('heading', { name: title, exact: true }) });
  const seen = async (url: string): Promise<string> => {
    await page.goto(url);
    return text();
  };

  async function enterAccount(username: string): Promise<void> {
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password').fill(PASSWORD);
    await press('Create account');
  }

  async function signUp(service: string, username: string): Promise<void> {
    await page.goto(`${service}/sign-up`);
    await enterAccount(username);
  }

  async function keep(host: string, entry: string): Promise<void> {
    await page.goto(`${host}/entries`);
    await page.locator('textarea[name=text]').fill(entry);
    await press('Add');
    expect(await text()).toContain(entry);
  }

  /** The AM's form, across to the Host, and up to its question. */
  async function startAdding(host: string): Promise<void> {
    await page.goto(`${house.am.url}/hosts/add`);
    await page.getByLabel('Address of the Host').fill(host);
    await press('Continue');
    await follow(/^Continue to /);
  }

  test('somebody new signs up everywhere, and the AM says how to begin', async () => {
    await signUp(house.am.url, 'robin');
    expect(await text()).toContain('Add your first Host');
    for (const host of house.hosts) {
      await signUp(host.url, 'robin');
      await keep(host.url, `kept at ${host.name}`);
    }
    await signUp(house.requester.url, 'robin');
    expect(await text()).toContain('Nothing is connected yet');
  });

  test('links two Hosts, one of them with two accounts: from nothing but an address, and from the Host’s own page', async () => {
    await startAdding(house.host('photos').url);
    await answer('Link', house.am.url);
    expect(await text()).toContain('Photos is linked');
    await page.goto(`${house.host('calendar').url}/access`);
    await follow('Use this with my authorization manager');
    await page.getByLabel('Address of your authorization manager').fill(house.am.url);
    await press('Continue');
    await follow(/^Continue to /);
    expect(await page.getByLabel('Address of the Host').inputValue()).toBe(house.host('calendar').url);
    await press('Continue');
    await follow(/^Continue to /);
    await answer('Link', house.am.url);
    expect(await text()).toContain('Calendar is linked');
    const { url } = house.host('photos');
    await page.goto(`${url}/entries`);
    await press('Sign out');
    await startAdding(url);
    await follow('Create an account');
    await enterAccount('robin-at-work');
    await answer('Link', house.am.url);
    expect(await text()).toContain('my Photos, account 2');
  });

  test('connects Lifestream on one screen: all of one account, some only when asked, none of another', async () => {
    await page.goto(house.requester.url);
    await follow('Connect my authorization manager');
    await page.getByLabel('Address of your authorization manager').fill(house.am.url);
    await press('Connect');
    await follow(/^Continue to /);
    await everything('Photos: my Photos', 'Allow');
    await everything('Calendar: my Calendar', 'Ask me each time');
    await card('Calendar: my Calendar').locator('summary').click();
    const read = card('Calendar: my Calendar')
      .getByRole('group', { name: /entries\.read/ })
      .last();
    await read.getByLabel('Allow', { exact: true }).check();
    await answer('Connect', house.requester.url);
  });

  const everything = (account: string, answer: string): Promise<void> =>
    card(account)
      .getByRole('group', { name: /^Everything/ })
      .getByLabel(answer, { exact: true })
      .check();

  test('reads what both Hosts keep, and the AM lists every key', async () => {
    const feed = await seen(house.requester.url);
    expect(feed).toContain('kept at photos');
    expect(feed).toContain('kept at calendar');
    expect(await seen(house.am.url)).toMatch(/Lifestream got a key for “my Photos” at Photos/);
  });

  async function post(entry: string, host: string): Promise<void> {
    await page.goto(house.requester.url);
    await page.getByLabel('What is new?').fill(entry);
    for (const box of await page.getByRole('checkbox').all()) await box.setChecked(false);
    await page
      .getByRole('checkbox', { name: new RegExp(`^${host} `) })
      .first()
      .check();
    await press('Post');
  }

  test('posts to a Host', async () => {
    await post('from afar', 'Photos');
    expect(await text()).toContain('from afar');
  });

  test('is asked before something is done elsewhere, says yes once, and is asked again', async () => {
    await post('Tea at five', 'Calendar');
    expect(await text()).toContain('waits for your decision');
    await follow('Decide there');
    expect(await text()).toContain('Calendar: my Calendar');
    await press('Allow once');
    await post('Tea at five', 'Calendar');
    expect(await seen(`${house.host('calendar').url}/entries`)).toContain('Tea at five');
    // with its key Lifestream may go on for minutes; a new one needs a new yes
    expect(await seen(`${house.am.url}/asks`)).toContain('Nothing waits for you');
  });

  test('cuts the AM off at a Host, and repairs that from the AM', async () => {
    await page.goto(`${house.host('calendar').url}/access`);
    await press('Cut off');
    expect(await seen(house.requester.url)).not.toContain('kept at calendar');
    expect(await seen(house.am.url)).toContain('“my Calendar” is broken');
    await follow('Repair it');
    await press('Repair this link');
    await follow(/^Continue to /);
    await answer('Link', house.am.url);
    const repaired = await text();
    expect(repaired).toContain('“my Calendar” at Calendar works again');
    expect(repaired).toContain('Lifestream goes on with it');
    const feed = await seen(house.requester.url);
    expect(feed).toContain('kept at calendar');
    expect(feed).toContain('kept at photos');
  });

  test('stops Lifestream: the Hosts refuse it within five seconds, and the AM shows that they know', async () => {
    expect(await seen(`${house.am.url}/requesters`)).toContain('Without asking');
    await card('Lifestream').getByText('Stop it', { exact: true }).click();
    expect(await card('Lifestream').innerText()).toContain('are told to end the keys it has');
    await press('Stop Lifestream');
    const ended = page.url();
    expect(await text()).toContain('It can obtain nothing through here any more');
    await eventually(() => seen(house.requester.url), {
      until: (feed) => !feed.includes('kept at'),
      seconds: HOST_KNOWS_WITHIN_SECONDS,
    });
    await eventually(() => seen(ended), {
      until: (known) => known.includes('2 Hosts confirmed that nothing of it is alive there'),
      seconds: HOST_KNOWS_WITHIN_SECONDS,
    });
    expect(await seen(`${house.host('calendar').url}/access`)).toContain('stopped');
    expect(await seen(`${house.am.url}/timeline`)).toContain('Calendar confirmed that Lifestream has nothing there');
  });
});
