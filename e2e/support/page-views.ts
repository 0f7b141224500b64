import type { Page } from 'playwright-core';
import { AM_PAGES } from './am-pages.ts';
import { BRIDGE_PAGES } from './bridge-pages.ts';
import { CONSENT_PAGES } from './consent-pages.ts';
import type { Stage, Who } from './stage.ts';
import { TERMS_PAGES } from './terms-pages.ts';

/** A page to look at: its address, who looks at it, and what to do there first. */
export interface PageView {
  readonly name: string;
  readonly who: Who;
  readonly url: (stage: Stage) => string;
  /** What to do on the page to get to the one to look at. */
  readonly act?: (page: Page, stage: Stage) => Promise<void>;
  /** Changes the deployment before, and restores it after. */
  readonly around?: (stage: Stage, look: () => Promise<void>) => Promise<void>;
}

type Flavor = 'photos' | 'calendar' | 'notes';

const host = (flavor: Flavor, path: string) => (stage: Stage) => `${stage.deployment.host(flavor).url}${path}`;
const lifestream = (path: string) => (stage: Stage) => `${stage.deployment.requester.url}${path}`;
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

const ofEveryHost = (['photos', 'calendar', 'notes'] as const).flatMap((flavor): PageView[] => [
  { name: `${flavor}-entries`, who: 'robin', url: host(flavor, '/entries') },
  { name: `${flavor}-entries-none`, who: 'newcomer', url: host(flavor, '/entries') },
]);

export const HOST_PAGES: readonly PageView[] = [
  { name: 'photos-front', who: 'visitor', url: host('photos', '/') },
  { name: 'photos-sign-in', who: 'visitor', url: host('photos', '/sign-in') },
  { name: 'photos-sign-up', who: 'visitor', url: host('photos', '/sign-up') },
  ...ofEveryHost,
  {
    name: 'photos-entries-problem',
    who: 'newcomer',
    url: host('photos', '/entries'),
    async act(page) {
      await page.locator('textarea[name=text]').fill('no picture');
      const buffer = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
      await page.setInputFiles('input[name=picture]', { name: 'x.png', mimeType: 'image/png', buffer });
      await press(page, 'Add');
      await page.getByText('Nothing was added').waitFor();
    },
  },
  {
    name: 'photos-entries-remove',
    who: 'robin',
    url: host('photos', '/entries'),
    act: (page) => page.locator('details.remove summary').first().click(),
  },
  { name: 'photos-access', who: 'robin', url: host('photos', '/access') },
  { name: 'photos-access-none', who: 'newcomer', url: host('photos', '/access') },
  { name: 'photos-manager', who: 'newcomer', url: host('photos', '/access/manager') },
  {
    name: 'photos-manager-continue',
    who: 'newcomer',
    url: host('photos', '/access/manager'),
    async act(page, { deployment }) {
      await page.locator('input[name=am]').fill(deployment.am.url);
      await press(page, 'Continue');
      await page.getByRole('link', { name: /^Continue to / }).waitFor();
    },
  },
  { name: 'photos-consent', who: 'newcomer', url: ({ consentUrl }) => consentUrl },
  { name: 'photos-consent-over', who: 'newcomer', url: host('photos', '/authorize?client_id=x') },
  { name: 'photos-nothing-here', who: 'robin', url: host('photos', '/nowhere') },
];

async function enterAm(page: Page, address: string): Promise<void> {
  await page.locator('input[name=am]').fill(address);
  await press(page, 'Connect');
}

export const REQUESTER_PAGES: readonly PageView[] = [
  { name: 'lifestream-front', who: 'visitor', url: lifestream('/') },
  { name: 'lifestream-sign-in', who: 'visitor', url: lifestream('/sign-in') },
  { name: 'lifestream-feed-unconnected', who: 'newcomer', url: lifestream('/') },
  { name: 'lifestream-connect', who: 'newcomer', url: lifestream('/connect') },
  {
    name: 'lifestream-connect-problem',
    who: 'newcomer',
    url: lifestream('/connect'),
    async act(page) {
      await enterAm(page, 'nobody.example');
      await page.locator('.problem').waitFor();
    },
  },
  {
    name: 'lifestream-continue',
    who: 'newcomer',
    url: lifestream('/connect'),
    async act(page, { deployment }) {
      await enterAm(page, deployment.am.url);
      await page.getByRole('link', { name: /^Continue to / }).waitFor();
    },
  },
  { name: 'lifestream-my-posts', who: 'newcomer', url: lifestream('/posts') },
  {
    name: 'lifestream-my-posts-some',
    who: 'robin',
    url: lifestream('/posts'),
    async act(page) {
      await page.locator('textarea[name=text]').fill('The tram did not come, so we walked along the canal.');
      await press(page, 'Keep it here');
      await page.getByText('along the canal').first().waitFor();
    },
  },
  {
    name: 'lifestream-consent',
    who: 'robin',
    url: ({ deployment }) => `${deployment.am.url}/hosts/add`,
    async act(page, { deployment }) {
      await page.locator('input[name=host]').fill(deployment.requester.url);
      await press(page, 'Continue');
      await page.getByRole('link', { name: /^Continue to / }).click();
      await page.getByText('Who asks').waitFor();
    },
  },
  { name: 'lifestream-who-has-access', who: 'newcomer', url: lifestream('/access') },
  { name: 'lifestream-hosts-none', who: 'newcomer', url: lifestream('/connections') },
  { name: 'lifestream-hosts', who: 'robin', url: lifestream('/connections') },
  { name: 'lifestream-feed', who: 'robin', url: lifestream('/') },
  {
    name: 'lifestream-feed-host-down',
    who: 'robin',
    url: lifestream('/'),
    async around({ deployment }, look) {
      const [calendar] = deployment.host('calendar').processes;
      await calendar?.stop();
      await look().finally(() => calendar?.start());
    },
  },
  {
    name: 'lifestream-posted-in-part',
    who: 'robin',
    url: lifestream('/'),
    async act(page) {
      for (const box of await page.getByRole('checkbox').all()) await box.check();
      await page.locator('textarea[name=text]').fill('The same in three places');
      await press(page, 'Post');
      await page.getByRole('heading', { name: /^Posted to/ }).waitFor();
    },
  },
  { name: 'lifestream-not-connected', who: 'robin', url: lifestream('/callback?state=x') },
];

export const PAGE_VIEWS: readonly PageView[] = [
  ...HOST_PAGES,
  ...BRIDGE_PAGES,
  ...REQUESTER_PAGES,
  ...AM_PAGES,
  ...CONSENT_PAGES,
  ...TERMS_PAGES,
];
