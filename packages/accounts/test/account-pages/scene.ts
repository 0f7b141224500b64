import type { Pool } from '@chatelaine/postgres';
import { Browser, PASSWORD } from '@chatelaine/test-kit';
import { onFreshDatabase } from '../support/database.ts';
import { startService, type TestService } from '../support/service.tsx';

const FIREFOX = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' };

const PHONE = {
  'user-agent': 'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36',
};

export const NEW_PASSWORD = 'another long enough one';
export let pool: Pool;
export let service: TestService;
export let ada: Browser;

export const signIn = async (username = 'ada', password = PASSWORD, headers = PHONE): Promise<Browser> => {
  const browser = new Browser(service.origin, { headers });
  await browser.submit('/sign-in', '/sign-in', { username, password });
  return browser;
};

export const isSignedIn = async (browser: Browser): Promise<boolean> => (await browser.get('/rooms')).status === 200;

export const age = (seconds: number) =>
  pool.query('update session set created_at = now() - make_interval(secs => $1)', [seconds]);

export const confirm = (browser: Browser, password = PASSWORD) =>
  browser.submit('/account/confirm?return_to=/account/password', '/account/confirm', { password });

export function scene(): void {
  onFreshDatabase({
    async begin(fresh) {
      pool = fresh;
      service = await startService({ pool, account: { passwords: { memoryCost: 1024 } } });
      ada = await new Browser(service.origin, { headers: FIREFOX }).signUp('ada');
    },
    end: () => service.app.close(),
  });
}
