import type { Page } from 'playwright-core';
import { iconUri } from './icons.ts';
import type { Stage } from './stage.ts';
import type { PageView } from './page-views.ts';

/** The URL of a page of the AM. */
export const am = (path: string) => (stage: Stage) => `${stage.deployment.am.url}${path}`;

/** Presses the button with this name. */
export const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

/** Goes from Lifestream to the AM's consent page. */
export async function askedForConsent(page: Page, { deployment }: Stage): Promise<void> {
  await page.locator('input[name=am]').fill(deployment.am.url);
  await press(page, 'Connect');
  await page.getByRole('link', { name: /^Continue to / }).click();
  await page.getByText('Who asks').waitFor();
}

/** Registers a stock client, which asks for this resource. */
export const appAsks =
  (resourceOf: (stage: Stage) => string): NonNullable<PageView['act']> =>
  async (page, stage) => {
    const { deployment } = stage;
    const redirect_uri = 'http://127.0.0.1:4999/callback';
    const body = JSON.stringify({
      client_name: 'Plain app',
      redirect_uris: [redirect_uri],
      logo_uri: iconUri('plain'),
    });
    const headers = { 'content-type': 'application/json' };
    const registered = await deployment.fetch(`${deployment.am.url}/register`, { method: 'POST', headers, body });
    const { client_id } = (await registered.json()) as { client_id: string };
    const code_challenge = 'A'.repeat(43);
    const asked = { client_id, redirect_uri, response_type: 'code', code_challenge, code_challenge_method: 'S256' };
    const query = new URLSearchParams({ ...asked, resource: resourceOf(stage) });
    await page.goto(`${deployment.am.url}/authorize?${query.toString()}`);
    await page.getByText('Who asks').waitFor();
  };

/** Goes to the page of Lifestream at the AM. */
export const appPage = async (page: Page): Promise<void> => {
  await page.getByRole('link', { name: 'Open Lifestream' }).click();
};
