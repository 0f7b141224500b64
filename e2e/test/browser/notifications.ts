import { createECDH, randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { newContext } from '../../support/chromium.ts';

/** A script that returns a push subscription without asking a push service. */
function answerOfPushService(): string {
  const keys = {
    p256dh: createECDH('prime256v1').generateKeys('base64url'),
    auth: randomBytes(16).toString('base64url'),
  };
  const subscription = JSON.stringify({ endpoint: 'https://fcm.googleapis.com/fcm/send/a-browser', keys });
  return `PushManager.prototype.getSubscription = async () => null;
    PushManager.prototype.subscribe = async () => ({ toJSON: () => (${subscription}) });`;
}

/** An owner turns notifications on in a browser, and off again. */
export async function notificationsStory(browser: Browser, { am }: { am: string }): Promise<void> {
  const context = await newContext(browser);
  await context.grantPermissions(['notifications'], { origin: am });
  const page = await context.newPage();
  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  await page.addInitScript(answerOfPushService());
  await page.goto(`${am}/sign-up`);
  await page.locator('#username').fill('noticed');
  await page.getByLabel('Password').fill('correct horse battery');
  await press('Create account');
  await page.getByText('Signed in as noticed').waitFor();

  await page.goto(`${am}/account/notifications`);
  await press('Turn on in this browser');
  await page.getByText('On in this browser.').waitFor();

  const worker = await page.evaluate<string | undefined>(
    `navigator.serviceWorker.ready.then(({ active }) => active?.scriptURL)`,
  );
  expect(worker).toBe(`${am}/push-worker.js`);
  await press('Turn off in this browser');
  await page.getByText('Off in this browser.').waitFor();
  await context.close();
}
