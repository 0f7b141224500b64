import { type Constellation, startConstellation } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, launchChromium, newContext } from '../support/chromium.ts';
import { eventually } from '@chatelaine/test-kit';
import { operatorsTerms } from './support/terms-story.ts';

// one deployment, one person, one window, no script: each test continues where the one before ended

const executable = chromiumPath();
const PASSWORD = 'correct horse battery';
/** PROTOCOL §7 says 5 seconds, on a machine that is not busy, which the soak measures. */
const HOST_KNOWS_WITHIN_SECONDS = 15;
/** The documents that the AM's operator adds to the terms that ship with it. */
const terms = operatorsTerms();

const describeInBrowser = executable === null ? describe.skip : describe;
describeInBrowser(`the whole story, in a browser${executable === null ? ' [needs Chromium]' : ''}`, () => {
  let deployment: Constellation;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([
      startConstellation({
        ams: 1,
        hosts: ['photos', 'calendar'],
        label: 'story',
        env: ({ service }): Record<string, string> => (service === 'am' ? { TERMS_DIRECTORY: terms.directory } : {}),
      }),
      launchChromium(executable ?? '', { as: 'one process' }),
    ]);
    const context = await newContext(browser, { javaScriptEnabled: false });
    page = await context.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.stop();
  });

  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const follow = (name: string | RegExp): Promise<void> => page.getByRole('link', { name }).first().click();
  /** Presses the button that ends an authorization; the next page links back to where the authorization began. */
  async function answer(button: string, backTo: string): Promise<void> {
    await press(button);
    await page.waitForURL((url) => url.origin === backTo);
  }
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
    await page.locator('#username').fill(username);
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

  /** Fills in the AM's form, and goes on to the Host and its consent page. */
  async function startAdding(host: string): Promise<void> {
    await page.goto(`${deployment.am.url}/hosts/add`);
    await page.getByLabel('Address of the service').fill(host);
    await press('Continue');
    await follow(/^Continue to /);
  }

  test('somebody new signs up everywhere, and the AM says how to begin', async () => {
    await signUp(deployment.am.url, 'robin');
    expect(await text()).toContain('Add your first service');
    for (const host of deployment.hosts) {
      await signUp(host.url, 'robin');
      await keep(host.url, `kept at ${host.name}`);
    }
    await signUp(deployment.requester.url, 'robin');
    expect(await text()).toContain('Nothing is connected yet');
  });

  test('links two Hosts, one of them with two accounts: from an address, and from the Host’s own page', async () => {
    await startAdding(deployment.host('photos').url);
    await answer('Link', deployment.am.url);
    expect(await text()).toContain('Photos is linked');
    await page.goto(`${deployment.host('calendar').url}/access`);
    await follow('Use this with my authorization manager');
    await page.getByLabel('Address of your authorization manager').fill(deployment.am.url);
    await press('Continue');
    await follow(/^Continue to /);
    expect(await page.getByLabel('Address of the service').inputValue()).toBe(deployment.host('calendar').url);
    await press('Continue');
    await follow(/^Continue to /);
    await answer('Link', deployment.am.url);
    expect(await text()).toContain('Calendar is linked');
    const { url } = deployment.host('photos');
    await page.goto(`${url}/entries`);
    await press('Sign out');
    await startAdding(url);
    await follow('Create an account');
    await enterAccount('robin-at-work');
    await answer('Link', deployment.am.url);
    expect(await text()).toContain('my Photos, account 2');
  });

  test('connects Lifestream on one screen: all of one account, some only when asked, none of another', async () => {
    await page.goto(deployment.requester.url);
    await follow('Connect my authorization manager');
    await page.getByLabel('Address of your authorization manager').fill(deployment.am.url);
    await press('Connect');
    await follow(/^Continue to /);
    await service('Photos: my Photos')
      .getByRole('radiogroup', { name: /See your photos/ })
      .getByLabel('Allow')
      .check();
    await service('Photos: my Photos')
      .getByRole('radiogroup', { name: /Add photos/ })
      .getByLabel('Allow')
      .check();
    await service('Calendar: my Calendar')
      .getByRole('radiogroup', { name: /See your/ })
      .getByLabel('Allow')
      .check();
    await service('Calendar: my Calendar')
      .getByRole('radiogroup', { name: /Add app/ })
      .getByLabel('Ask')
      .check();
    // no script runs: the label of the button was rendered with the page, and pressing it agrees to exactly that
    await press('Let it ask for 1 thing until you stop it');
    expect(await text()).toContain('It now says what it comes to');
    await answer('Allow 3 things, ask for 1 more, until you stop it', deployment.requester.url);
  });

  const service = (account: string) =>
    page.locator('section.service', { has: page.getByRole('heading', { name: account, exact: true }) });

  test('reads what both Hosts keep, and the AM lists every key', async () => {
    const feed = await seen(deployment.requester.url);
    expect(feed).toContain('kept at photos');
    expect(feed).toContain('kept at calendar');
    expect(await seen(deployment.am.url)).toMatch(/Lifestream got a key for “my Photos” at Photos/);
  });

  async function post(entry: string, host: string): Promise<void> {
    await page.goto(deployment.requester.url);
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
    expect(await text()).toContain('at Calendar, for your account “my Calendar”');
    await press('Once');
    await post('Tea at five', 'Calendar');
    expect(await seen(`${deployment.host('calendar').url}/entries`)).toContain('Tea at five');
    // with its token Lifestream may go on for minutes; a new token needs a new approval
    expect(await seen(`${deployment.am.url}/asks`)).toContain('Nothing waits for you');
  });

  test('cuts the AM off at a Host, and repairs that from the AM', async () => {
    await page.goto(`${deployment.host('calendar').url}/access`);
    await press('Cut off');
    expect(await seen(deployment.requester.url)).not.toContain('kept at calendar');
    expect(await seen(deployment.am.url)).toContain('“my Calendar” is broken');
    await press('Repair “my Calendar”');
    await follow(/^Continue to /);
    await answer('Link', deployment.am.url);
    const repaired = await text();
    expect(repaired).toContain('“my Calendar” at Calendar works again');
    expect(repaired).toContain('Lifestream goes on with it');
    const feed = await seen(deployment.requester.url);
    expect(feed).toContain('kept at calendar');
    expect(feed).toContain('kept at photos');
  });

  test('asks Lifestream for a promise, sees it signed, adopts a new version, and is served once it is', async () => {
    const lifestream = async (): Promise<string> => {
      await page.goto(`${deployment.am.url}/apps`);
      await follow('Open Lifestream');
      return card('Your terms').innerText();
    };
    const restarted = async (service: 'am' | 'requester', env: Record<string, string> = {}): Promise<void> => {
      for (const process of deployment[service].processes) {
        await process.stop();
        await process.start({ env });
      }
    };
    expect(await lifestream()).toContain('You ask no terms of it');
    await card('Your terms').getByText('Offer Lifestream other terms').click();
    await page.getByLabel('It has to accept').selectOption('Only to serve me 1.0');
    await press('Offer these terms');
    expect(await card('Your terms').innerText()).toContain('You offered “Only to serve me 1.0”');
    expect(await seen(`${deployment.requester.url}/connections`)).toContain('This app has signed your terms');
    expect(await lifestream()).toContain('Lifestream signed “Only to serve me 1.0”');
    const accepted = terms.add(deployment.am.url);
    await restarted('am');
    expect(await seen(`${deployment.am.url}/terms`)).toContain('It applies nowhere until you adopt it');
    expect(await seen(deployment.requester.url)).toContain('kept at photos');
    await page.goto(`${deployment.am.url}/terms`);
    await press('Adopt Only to serve me 1.1 for all');
    // a new process holds no tokens from before
    await restarted('requester');
    const refused = await seen(deployment.requester.url);
    expect(refused).toContain('You ask for terms that this app has not signed');
    expect(refused).not.toContain('kept at photos');
    expect(await lifestream()).toContain('waiting');
    await restarted('requester', { TERMS_ACCEPTED: accepted });
    expect(await seen(deployment.requester.url)).toContain('kept at photos');
    expect(await lifestream()).toContain('Lifestream signed “Only to serve me 1.1”');
    expect(await seen(`${deployment.am.url}/timeline`)).toContain('Lifestream signed your terms: Only to serve me 1.1');
  });

  test('stops Lifestream: the Hosts refuse it within five seconds, and the AM shows that they know', async () => {
    expect(await seen(`${deployment.am.url}/apps`)).toContain('Calendar: my Calendar');
    await card('Lifestream').getByText('Stop it', { exact: true }).click();
    expect(await card('Lifestream').innerText()).toContain('are told to end the keys it has');
    await press('Stop Lifestream');
    const ended = page.url();
    expect(await text()).toContain('It gets no key through here any more');
    await eventually(() => seen(deployment.requester.url), {
      until: (feed) => !feed.includes('kept at'),
      seconds: HOST_KNOWS_WITHIN_SECONDS,
    });
    await eventually(() => seen(ended), {
      until: (known) => known.includes('both services have confirmed that nothing of it is alive there'),
      seconds: HOST_KNOWS_WITHIN_SECONDS,
    });
    expect(await seen(`${deployment.host('calendar').url}/access`)).toContain('stopped');
    expect(await seen(`${deployment.am.url}/timeline`)).toContain(
      'Calendar confirmed that it ended what Lifestream had there',
    );
  });
});
