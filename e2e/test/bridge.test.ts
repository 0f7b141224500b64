import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Constellation, type Recording, signIn, startConstellation } from '@chatelaine/constellation';
import {
  definitionOf,
  type OAuth1Service,
  type OAuth2Service,
  startOAuth1Service,
  startOAuth2Service,
} from '@chatelaine/stand-in-services';
import { eventually, freePorts } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { type Canary, leakedIn } from './support/canaries.ts';
import { dumpAll, heapSnapshots, passTheTime, snapshot } from './support/dumps.ts';
import { openRawRequester, RAW_CALLBACK, type RawRequester } from './support/raw-requester.ts';

const CLIENT = { id: 'bridge', secret: 'client-secret-of-the-bridge' };
const PASSWORD = 'correct horse battery';
/** PROTOCOL §7 says 5 seconds, on a machine that is not busy. Still less than tests usually wait. */
const HOST_KNOWS_WITHIN_SECONDS = 15;
const CHIRP = 'A chirp from a service that has never heard of an AM';
const PLUME = 'A plume, signed with HMAC-SHA1';
/** The prefixes of everything that the stand-ins issue, and the secrets that only the bridge and they know. */
const CREDENTIALS: readonly Canary[] = [
  ...['access', 'refresh', 'token', 'secret'].map((kind): Canary => ({ kind: 'token', secret: `stand-in-${kind}-` })),
  { kind: 'key', secret: CLIENT.secret },
];

const executable = chromiumPath();
const describeInBrowser = executable === null ? describe.skip : describe;
const STORY = 'services that have never heard of an AM, in a browser';
describeInBrowser(`${STORY}${executable === null ? ' [needs Chromium]' : ''}`, () => {
  let deployment: Constellation;
  let chirp: OAuth2Service;
  let plume: OAuth1Service;
  let browser: Browser;
  let page: Page;
  let raw: RawRequester;
  let token: string;
  let recording: Recording;
  let folder: string;
  let diagnostics: string;
  let bridgeUrl: string;

  beforeAll(async () => {
    const [bridge = 0, first = 0, second = 0] = await freePorts(3);
    bridgeUrl = `http://bridge.localhost:${bridge}`;
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definitions-'));
    diagnostics = fs.mkdtempSync(path.join(os.tmpdir(), 'bridge-heap-'));
    const write = (id: string, version: '2.0' | '1.0a', title: string, port: number): void =>
      fs.writeFileSync(
        path.join(folder, `${id}.yaml`),
        definitionOf({ version, title, origin: `http://${id}.localhost:${port}` }),
      );
    write('chirp', '2.0', 'Chirp', first);
    write('plume', '1.0a', 'Plume', second);
    const entries = (text: string) => new Map([['robin', [{ id: 'e1', text, date: '2026-11-01' }]]]);
    [chirp, plume, browser] = await Promise.all([
      startOAuth2Service({
        title: 'Chirp',
        client: { ...CLIENT, redirectUri: `${bridgeUrl}/services/chirp/callback` },
        accounts: ['robin'],
        entries: entries(CHIRP),
        port: first,
      }),
      startOAuth1Service({
        title: 'Plume',
        client: { key: CLIENT.id, secret: CLIENT.secret },
        accounts: ['robin'],
        entries: entries(PLUME),
        port: second,
      }),
      launchChromium(executable ?? '', { as: 'one process' }),
    ]);
    deployment = await startConstellation({
      ams: 1,
      hosts: [],
      bridges: 1,
      guests: ['chirp', 'plume'],
      ports: { bridge, chirp: first, plume: second },
      logLevel: 'debug',
      env: ({ service }) =>
        service === 'bridge'
          ? {
              DEFINITIONS: folder,
              CLIENTS: JSON.stringify({ chirp: CLIENT, plume: CLIENT }),
              ...heapSnapshots(diagnostics),
            }
          : {},
      label: 'bridge',
    });
    recording = deployment.record();
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB' });
    context.setDefaultTimeout(20_000);
    page = await context.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.stop();
    await Promise.all([chirp?.close(), plume?.close()]);
    for (const made of [folder, diagnostics]) fs.rmSync(made, { recursive: true });
  });

  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const follow = (name: string | RegExp): Promise<void> => page.getByRole('link', { name }).first().click();
  const card = (title: string) =>
    page.locator('section.card', { has: page.getByRole('heading', { name: title, exact: true }) });
  /** The whole page, which is streamed while it is read. */
  const text = async (): Promise<string> => {
    await page.waitForLoadState();
    return page.locator('main').innerText();
  };
  const seen = async (url: string): Promise<string> => {
    await page.goto(url);
    return text();
  };
  async function answer(button: string, backTo: string): Promise<void> {
    await press(button);
    await page.waitForURL((url) => url.origin === backTo);
  }
  const feed = (): Promise<string> => seen(deployment.requester.url);
  const ceiling = async (): Promise<readonly string[]> => {
    const [link] = await deployment.database.query<{ transfer_scope: string[] }>(
      'am',
      'select transfer_scope from link',
    );
    return link?.transfer_scope ?? [];
  };

  test('somebody connects two of them at the bridge, each by its own way of consent', async () => {
    for (const url of [deployment.am.url, bridgeUrl, deployment.requester.url]) {
      await page.goto(`${url}/sign-up`);
      await page.locator('#username').fill('robin');
      await page.getByLabel('Password').fill(PASSWORD);
      await press('Create account');
    }
    for (const title of ['Chirp', 'Plume']) {
      await page.goto(`${bridgeUrl}/services`);
      await card(title).getByRole('button', { name: 'Connect', exact: true }).click();
      await follow(/^Continue to /);
      await page.getByLabel('Sign in as').selectOption('robin');
      await answer('Allow', bridgeUrl);
      expect(await text()).toContain(`${title} is connected.`);
    }
  });

  test('links the bridge at the AM, connects Lifestream, and reads both beside each other', async () => {
    await page.goto(`${deployment.am.url}/hosts/add`);
    await page.getByLabel('Address of the service').fill(bridgeUrl);
    await press('Continue');
    await follow(/^Continue to /);
    await answer('Link', deployment.am.url);
    expect(await text()).toContain('Bridge is linked');
    await page.goto(deployment.requester.url);
    await follow('Connect my authorization manager');
    await page.getByLabel('Address of your authorization manager').fill(deployment.am.url);
    await press('Connect');
    await follow(/^Continue to /);
    // Lifestream did not ask for these, so they are listed behind what it asked for
    const service = page.locator('section.service', { has: page.getByRole('heading', { name: 'Bridge: my Bridge' }) });
    for (const title of ['Chirp', 'Plume'])
      await service
        .getByRole('radiogroup', { name: `${title}: Read your entries` })
        .getByLabel('Allow', { exact: true })
        .check();
    // no script runs: the label of the button was rendered with the page, and pressing it agrees to exactly that
    const agree = page.locator('button[value="allow"]');
    await agree.click();
    expect(await text()).toContain('It now says what it comes to');
    await agree.click();
    await page.waitForURL((url) => url.origin === deployment.requester.url);
    // on a slow machine it may take more than one look, since Lifestream waits 8 s for a Host
    await eventually(feed, { until: (shown) => shown.includes(CHIRP) && shown.includes(PLUME) });
  });

  test('stops an app at the AM: within five seconds the bridge refuses it and the service hears no more', async () => {
    const robin = deployment.person({ username: 'robin', password: PASSWORD, stopsAt: [RAW_CALLBACK] });
    await signIn(robin, deployment.am.url);
    raw = await openRawRequester(deployment);
    const { accessToken } = await raw.connect(robin);
    const handed = await raw.exchange(accessToken, { resource: `${bridgeUrl}/api`, scope: 'chirp:entries.read' });
    token = String(handed.body['access_token']);
    const read = async (): Promise<number> => (await raw.get(`${bridgeUrl}/api/chirp/entries`, token)).status;
    expect(await read()).toBe(200);
    await page.goto(`${deployment.am.url}/apps`);
    await card('Raw').getByText('Stop it', { exact: true }).click();
    await press('Stop Raw');
    await eventually(read, { until: (status) => status === 401, seconds: HOST_KNOWS_WITHIN_SECONDS });
    const before = chirp.calls.length;
    expect([await read(), chirp.calls.length]).toEqual([401, before]);
    expect(await feed()).toContain(CHIRP);
  });

  test('what is disconnected at the bridge leaves the feed at once, and the AM after the next transfer', async () => {
    await page.goto(`${bridgeUrl}/services`);
    await card('Plume').getByRole('link', { name: 'Disconnect' }).click();
    await press('Disconnect');
    expect(await text()).toContain('It is removed here.');
    expect(await ceiling()).toContain('plume:entries.read');
    // a token that the app still holds opens nothing; the next refresh is refused, and then the AM knows
    await eventually(async () => {
      const shown = await feed();
      expect(shown).not.toContain(PLUME);
      return shown.includes(CHIRP) && !(await ceiling()).some((scope) => scope.startsWith('plume:'));
    });
    expect(await ceiling()).toEqual(['chirp:entries.read', 'chirp:entries.write']);
  });

  test('stops Lifestream at the AM, and the feed is empty', async () => {
    await page.goto(`${deployment.am.url}/apps`);
    await card('Lifestream').getByText('Stop it', { exact: true }).click();
    await press('Stop Lifestream');
    await eventually(feed, {
      until: (shown) => !shown.includes(CHIRP),
      seconds: HOST_KNOWS_WITHIN_SECONDS,
    });
  });

  describe('no credential of a service', () => {
    test('is in an answer of any of ours, or in a request of one to the other', () => {
      const { exchanges } = recording;
      // the token was really used
      expect(chirp.calls.map(({ authorization }) => authorization.slice(0, 23))).toContain('Bearer stand-in-access-');
      expect(exchanges.length).toBeGreaterThan(50);
      for (const { request, response } of exchanges)
        expect(leakedIn(JSON.stringify([request, response]), CREDENTIALS)).toEqual([]);
    });

    test('is in a log, at level debug', () => {
      for (const process of deployment.services.flatMap(({ processes }) => processes)) {
        const log = fs.readFileSync(process.logFile, 'utf8');
        expect(log).toContain('"path":"/sign-up"');
        expect({ of: process.name, found: leakedIn(log, CREDENTIALS) }).toEqual({ of: process.name, found: [] });
      }
    });

    test('is in a dump of the database', async () => {
      const dump = await dumpAll(deployment);
      expect(dump).toContain('service_account');
      expect(leakedIn(dump, CREDENTIALS)).toEqual([]);
    });

    test('is held in the memory of the bridge once the call that it was for is over', async () => {
      const service = deployment.services.find(({ name }) => name === 'bridge');
      const [process] = service?.processes ?? [];
      if (service === undefined || process === undefined) throw new Error('there is no bridge');
      const look = async (): Promise<string[]> => {
        await passTheTime(deployment, service);
        const heap = await snapshot(deployment, { folder: diagnostics, service, process });
        return chirp.issued.filter((secret) => heap.includes(secret));
      };
      expect(chirp.issued.length).toBeGreaterThan(1);
      // an idle connection holds its last request in memory until it is closed
      await eventually(look, { until: (found) => found.length === 0 });
    });
  });
});
