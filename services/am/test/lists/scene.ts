import type { Pool } from '@chatelaine/postgres';
import { currentRequestId } from '@chatelaine/telemetry';
import type { Browser } from '@chatelaine/test-kit';
import { expect } from '@jest/globals';
import { TestDeployment } from '../support/deployment.ts';
import { fill, MANY } from '../support/plenty.ts';

export const NUMBERS = Array.from({ length: MANY }, (_, index) => index + 1);
const namesLike = (name: string): string[] => NUMBERS.map((n) => `${name} ${n}`);

/** By request id, how many statements that request has read an owner's things with; what runs beside has no id. */
export const readsByRequest = new Map<string, number>();

/** What reads an owner's things: sessions are none of a page's. */
const READS = /^\s*(select|with)\b.*\b(connection|link|host|rule|ask|revocation|transfer|timeline_entry)\b/is;

function countReads(pool: Pool): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      const { text = '' } = args[0] as { text?: string };
      const request = currentRequestId();
      if (request !== null && READS.test(text)) readsByRequest.set(request, (readsByRequest.get(request) ?? 0) + 1);
      return query(...args);
    }) as typeof client.query;
  });
}

/** Where a link of these words leads to. */
export function hrefOf(html: string, words: string): string | undefined {
  return new RegExp(`href="([^"]*)">${words}</a>`).exec(html)?.[1]?.replaceAll('&amp;', '&');
}

export interface List {
  readonly path: string;
  readonly onward: string;
  /** Of each entry, what only that one shows. */
  readonly entry: RegExp;
}

/** What each page shows, from the first to the one that leads on to none. */
export async function walk(browser: Browser, { path, onward, entry }: List): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const { status, text }: { status: number; text: string } = await browser.get(next);
    expect(status).toBe(200);
    if (pages.length > 0)
      expect(hrefOf(text, 'Back to the beginning')).toBe(path === '/timeline' ? path : startOf(next));
    pages.push([...text.matchAll(entry)].map(([, found = '']) => found));
    next = hrefOf(text, onward);
    if (pages.length > MANY) throw new Error('it leads on for ever');
  }
  return pages;
}
const startOf = (href: string): string => href.split('?')[0] ?? '';

export const lists = (whose: string): Record<string, List & { all: string[] }> => ({
  apps: {
    path: '/apps',
    onward: 'Older ones',
    entry: /action="\/apps\/con_([^"/]*)\/stop"/g,
    all: NUMBERS.map((n) => `${whose}-${n}`),
  },
  links: {
    path: '/hosts',
    onward: 'More services',
    entry: /action="\/hosts\/link_((?:mine|theirs)-\d+)\/stop"/g,
    all: NUMBERS.map((n) => `${whose}-${n}`),
  },
  questions: {
    path: '/asks',
    onward: 'Older ones',
    entry: /href="\/asks\/ask_([^"]*)"/g,
    all: NUMBERS.map((n) => `${whose}-${n}`),
  },
  'ended apps': {
    path: '/apps',
    onward: 'Ended earlier',
    entry: /<strong>(gone app [^<]*)</g,
    all: namesLike(`gone app ${whose}`),
  },
  'ended links': {
    path: '/hosts',
    onward: 'Links that ended earlier',
    entry: /<strong>(gone link [^<]*)</g,
    all: namesLike(`gone link ${whose}`),
  },
  'what happened': {
    path: '/timeline',
    onward: 'Older',
    entry: /((?:entry|key) \w+ \d+)/g,
    all: [...namesLike(`entry ${whose}`), ...namesLike(`key ${whose}`)],
  },
});

// all that is awaited at load stands here: files that wait beside each other hang
export const deployment = await TestDeployment.build({ onPool: countReads });
export const owner = await deployment.owner();
/** Somebody who has as much. */
export const other = await deployment.owner();
await fill(deployment, owner, 'mine');
await fill(deployment, other, 'theirs');
