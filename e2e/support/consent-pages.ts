import { bearerHosts, broken, withMany } from './am-stored.ts';
import { am, appAsks, askedForConsent, press } from './am-steps.ts';
import type { PageView } from './page-views.ts';

/** The AM's consent page, in all its variants. */
export const CONSENT_PAGES: readonly PageView[] = [
  {
    name: 'am-consent-no-hosts',
    who: 'newcomer',
    url: ({ deployment }) => `${deployment.requester.url}/connect`,
    act: askedForConsent,
  },
  {
    name: 'am-consent',
    who: 'robin',
    url: ({ deployment }) => `${deployment.requester.url}/connect`,
    act: askedForConsent,
  },
  {
    name: 'am-consent-way-back',
    who: 'robin',
    url: ({ deployment }) => `${deployment.requester.url}/connect`,
    async act(page, stage) {
      await askedForConsent(page, stage);
      // the app's callback answers nothing, so that the page stays to be looked at
      await page.route('**/callback?*', (route) => route.fulfill({ status: 204 }), { times: 1 });
      await press(page, 'Refuse');
      await page.getByText('You are being taken back').waitFor();
    },
  },
  {
    name: 'am-consent-answered',
    who: 'robin',
    url: ({ deployment }) => `${deployment.requester.url}/connect`,
    async act(page, stage) {
      await askedForConsent(page, stage);
      const question = page.url();
      await press(page, 'Refuse');
      await page.waitForURL(`${stage.deployment.requester.url}/**`);
      await page.goto(question);
      await page.getByText('You have already answered this').waitFor();
    },
  },
  {
    name: 'am-consent-both',
    who: 'robin',
    url: ({ deployment }) => `${deployment.requester.url}/connect`,
    async act(page, stage) {
      await page.locator('input[name=share]').check();
      await askedForConsent(page, stage);
      await page.getByText('as one of my services?').waitFor();
    },
  },
  {
    name: 'am-consent-nothing-chosen',
    who: 'robin',
    url: ({ deployment }) => `${deployment.requester.url}/connect`,
    around: broken,
    act: async (page, stage) => {
      await askedForConsent(page, stage);
      for (const off of await page.getByLabel('Off', { exact: true }).all()) await off.check();
      await page.getByRole('button', { name: 'Allow nothing yet' }).click();
      await page.getByText('Choose at least one thing').waitFor();
    },
  },
  {
    name: 'am-consent-app',
    who: 'robin',
    url: am('/'),
    around: bearerHosts,
    act: appAsks(({ deployment }) => deployment.host('photos').resource),
  },
  {
    name: 'am-consent-app-not-linked',
    who: 'newcomer',
    url: am('/'),
    act: appAsks(({ deployment }) => deployment.host('photos').resource),
  },
  {
    name: 'am-consent-many',
    who: 'robin',
    url: ({ deployment }) => `${deployment.requester.url}/connect`,
    around: withMany,
    act: askedForConsent,
  },
];
