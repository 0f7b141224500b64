import type { Pool } from '@chatelaine/postgres';
import { Browser } from '@chatelaine/test-kit';
import { type MailServer, type Received, startMailServer } from '@chatelaine/test-kit/mail-server';
import { onFreshDatabase } from '../support/database.ts';
import { startService, type TestService, type TestServiceOptions } from '../support/service.tsx';

const ISSUER = 'https://inn.example';
export const NEW_PASSWORD = 'another long enough one';
export const FROM = 'The Inn <inn@inn.example>';
export let mail: MailServer;
export let pool: Pool;
export let service: TestService;
export let ada: Browser;

export const start = (account: TestServiceOptions['account'] = {}) =>
  startService({
    pool,
    issuer: ISSUER,
    account: { passwords: { memoryCost: 1024 }, mail: { url: mail.url, from: FROM }, ...account },
  });

export const newBrowser = () => new Browser(service.origin);

export const pathIn = ({ text }: Received): string => {
  const [, path] = /https:\/\/inn\.example(\/\S+\?token=\S+)/.exec(text) ?? [];
  if (path === undefined) throw new Error(`There is no link in: ${text}`);
  return path;
};

export const tokenIn = (received: Received): string => pathIn(received).split('token=')[1] ?? '';
export const setEmail = (email: string, browser = ada) => browser.submit('/account/email', '/account/email', { email });
export const confirm = (path: string, browser = ada) => browser.submit(path, '/account/email/confirm');

/** Confirms this address for Ada, and returns the number of mails sent by then. */
export async function hasAddress(email: string, browser = ada): Promise<number> {
  const before = mail.mails.length;
  await setEmail(email, browser);
  await confirm(pathIn(await mail.arrived(before + 1)), browser);
  return mail.mails.length;
}

export const forgot = (who: string, browser = newBrowser()) =>
  browser.submit('/sign-in/forgot', '/sign-in/forgot', { who });

/** Sends what the form at the link sends, even if the link is not valid any more. */
export const reset = (path: string, password = NEW_PASSWORD) =>
  newBrowser().submit('/sign-in/forgot', '/sign-in/reset', { token: path.split('token=')[1], password });

export const addressOf = async (username = 'ada') =>
  (await pool.query<{ email: string | null }>('select email from account where username = $1', [username])).rows[0]
    ?.email;

/** Uses another service for the rest of a test, after which it is closed. */
export function askInstead(other: TestService): void {
  service = other;
}

export function scene(): void {
  onFreshDatabase({
    async begin(fresh) {
      pool = fresh;
      mail = await startMailServer();
      service = await start();
      ada = await newBrowser().signUp('ada');
    },
    async end() {
      await service.app.close();
      await mail.close();
    },
  });
}
