import type { Pool } from '@chatelaine/postgres';
import { type Answer, Browser, tokenFor } from '@chatelaine/test-kit';
import { type Oddity, type Options, optionsIn, type SoftPasskey, softPasskey } from '../support/authenticator.ts';
import { onFreshDatabase } from '../support/database.ts';
import { startService, type TestService } from '../support/service.tsx';

export const ISSUER = 'http://inn.localhost';
export let pool: Pool;
export let service: TestService;
export let ada: Browser;
export let key: SoftPasskey;
export const newBrowser = () => new Browser(service.origin);

/** Opens a page, has the passkey answer its request, and sends the answer. */
export async function answer(
  browser: Browser,
  at: { page: string; kind: 'get' | 'create'; action: string },
  by: { passkey?: SoftPasskey; odd?: Oddity; fields?: Record<string, string>; response?: string } = {},
): Promise<Answer> {
  const { text } = await browser.get(at.page);
  const options: Options = optionsIn(text, at.kind);
  const { passkey = key, odd } = by;
  const response = by.response ?? (at.kind === 'get' ? passkey.sign(options, odd) : passkey.make(options, odd));
  return browser.post(at.action, { ...hidden(text, at.action), ...by.fields, response });
}

export const hidden = (text: string, action: string): Record<string, string> => {
  const user = /name="user" value="([^"]*)"/.exec(text)?.[1];
  return { _csrf: tokenFor(text, action), ...(user !== undefined && { user }) };
};

export const ADD = { page: '/account/passkeys/add', kind: 'create', action: '/account/passkeys/add' } as const;
export const SIGN_IN = { page: '/sign-in', kind: 'get', action: '/sign-in/passkey' } as const;
export const SIGN_UP = { page: '/sign-up', kind: 'create', action: '/sign-up/passkey' } as const;
export const CONFIRM = { page: '/account/confirm', kind: 'get', action: '/account/confirm/passkey' } as const;

export const add = (by: Parameters<typeof answer>[2] = {}, browser = ada) =>
  answer(browser, ADD, { ...by, fields: { name: 'laptop', ...by.fields } });

export const signIn = (by: Parameters<typeof answer>[2] = {}, browser = newBrowser()) => answer(browser, SIGN_IN, by);

export const passkeysOf = async (username: string): Promise<string[]> =>
  (
    await pool.query<{ name: string }>(
      `select name from passkey join account on account.id = account_id
        where username = $1 order by passkey.created_at`,
      [username],
    )
  ).rows.map(({ name }) => name);

/** Uses another service for the rest of a test, after which it is closed. */
export function askInstead(other: TestService): void {
  service = other;
}

export function scene(): void {
  onFreshDatabase({
    async begin(fresh) {
      pool = fresh;
      service = await startService({ pool, issuer: ISSUER, account: { passwords: { memoryCost: 1024 } } });
      ada = await newBrowser().signUp('ada');
      key = softPasskey(ISSUER);
    },
    end: () => service.app.close(),
  });
}
