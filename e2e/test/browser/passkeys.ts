import { expect } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { newContext } from '../../support/chromium.ts';

/** A page of a browser with Chromium's virtual authenticator, which verifies its user. */
async function withAuthenticator(browser: Browser): Promise<Page> {
  const context = await newContext(browser);
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return page;
}

/** From no account to one that has nothing but a passkey. */
export async function passkeyStory(browser: Browser, { am, host }: { am: string; host: string }): Promise<void> {
  const page = await withAuthenticator(browser);
  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const signOut = async (): Promise<void> => {
    await press('Sign out');
    await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor();
  };

  await page.goto(`${am}/sign-up`);
  await page.locator('#passkey-username').fill('Pat');
  await press('Create account with a passkey');
  await page.getByText('Signed in as pat').waitFor();

  // the browser offers the passkey by itself, and the authenticator accepts
  await signOut();
  await page.goto(`${am}/sign-in`);
  await page.getByText('Signed in as pat').waitFor();

  await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false;');
  await signOut();
  await page.goto(`${am}/sign-in`);
  await press('Sign in with a passkey');
  await page.getByText('Signed in as pat').waitFor();

  await page.goto(`${am}/account/passkeys`);
  await page.getByText(/^Last used/).waitFor();
  await page.goto(`${am}/account/confirm?return_to=/account/recovery`);
  await press('Use a passkey');
  await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();

  await page.goto(`${am}/account/passkeys/add`);
  await press('Add a passkey');
  await page.getByText('This device has a passkey for your account already.').waitFor();

  // the same authenticator has no passkey for another service
  await page.goto(`${host}/sign-in`);
  await press('Sign in with a passkey');
  await page.getByText(/Nothing was signed|could not do this/).waitFor();
  expect(await page.getByText('Signed in as').count()).toBe(0);
  await page.context().close();
}
