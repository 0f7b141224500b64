import type { Pool } from '@chatelaine/postgres';
import { Browser } from '@chatelaine/test-kit';
import { onFreshDatabase } from '../support/database.ts';
import { startService, type TestService } from '../support/service.tsx';

export const PASSWORD = 'a long enough one';
export let pool: Pool;
export let service: TestService;
export let browser: Browser;

export const signUp = (username: string, in_ = browser) =>
  in_.submit('/sign-up', '/sign-up', { username, password: PASSWORD });

export const signIn = (username: string, password: string, in_ = browser) =>
  in_.submit('/sign-in', '/sign-in', { username, password });

/** Signs up or in from an address, as a proxy would report it. */
export const from = (address: string, way: '/sign-up' | '/sign-in', username: string) =>
  new Browser(service.origin).submit(way, way, { username, password: PASSWORD }, { 'x-forwarded-for': address });

export const session = () => browser.cookies.get('inn-session') ?? '';

/** Uses another service for the rest of a test, after which it is closed. */
export function useService(other: TestService): void {
  service = other;
}

/** Uses another browser for the rest of a test. */
export function useBrowser(other: Browser): void {
  browser = other;
}

export function scene(): void {
  onFreshDatabase({
    async begin(fresh) {
      pool = fresh;
      service = await startService({ pool });
      browser = new Browser(service.origin);
    },
    end: () => service.app.close(),
  });
}
