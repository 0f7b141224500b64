import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { afterAll, beforeAll } from '@jest/globals';
import { type Answer, type Browser, tokenFor } from '@chatelaine/test-kit';
import { BOUNDARY, multipart, type Part } from '../support/pictures.ts';
import { TestAm } from '../support/test-am.ts';
import { startHost, type TestHost } from '../support/test-host.ts';

let embedded: Embedded;
export let am: TestAm;
export let host: TestHost;
export let alice: Browser;
export let bob: Browser;
export let reader: string;
export let writer: string;
export let bobs: string;
export const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

export const count = async (): Promise<number> => {
  const { rows } = await host.pool.query<{ n: number }>('select count(*)::integer as n from entry');
  return rows[0]?.n ?? -1;
};

export const csrfOf = async (browser: Browser): Promise<string> =>
  tokenFor((await browser.get('/entries')).text, '/entries');

/** What a browser sends for the form: the token first, the file last. */
export async function upload(browser: Browser, picture: Buffer, more: readonly Part[] = []): Promise<Answer> {
  const parts: Part[] = [
    { name: '_csrf', body: await csrfOf(browser) },
    { name: 'text', body: 'with a picture' },
    { name: 'date', body: '2026-03-04' },
    ...more,
    { name: 'picture', body: picture, filename: '../../etc/passwd.svg', type: 'image/svg+xml' },
  ];
  return browser.postRaw('/entries', multipart(parts), { 'content-type': TYPE });
}

export async function newestId(browser: Browser): Promise<string> {
  return /\/entries\/(ent_[^/]+)\/picture/.exec((await browser.get('/entries')).text)?.[1] ?? 'none';
}

/** Before and after the tests of all parts. */
export function scene(): void {
  beforeAll(async () => {
    embedded = await sharedEmbedded();
    am = await TestAm.start();
    host = await startHost(embedded, am);
    alice = await host.browser().signUp('alice');
    bob = await host.browser().signUp('bob');
    const link = await am.link(host, alice);
    reader = await am.token(host, link, 'entries.read');
    writer = await am.token(host, link, 'entries.write');
    bobs = await am.token(host, await am.link(host, bob), 'entries.read');
  });
  afterAll(async () => {
    await Promise.all([am.close(), host.app.close()]);
    await embedded.stop();
  });
}
