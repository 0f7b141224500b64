import type { Pool } from '@chatelaine/postgres';
import { currentRequestId } from '@chatelaine/telemetry';
import type { Browser } from '@chatelaine/test-kit';
import { expect } from '@jest/globals';
import { TestDeployment } from '../support/deployment.ts';
import { fill, MANY } from '../support/plenty.ts';

export const NUMBERS = Array.from({ length: MANY }, (_, index) => index + 1);
const namesLike = (name: string): string[] => NUMBERS.map((n) => `${name} ${n}`);

/** How many statements each request, by its id, read an owner's data with; background work has no request id. */
export const readsByRequest = new Map<string, number>();

/** Statements that read an owner's data; sessions are not part of a page. */
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

/** The target of the link with this text. */
export function hrefOf(html: string, words: string): string | undefined {
  return new RegExp(`href="([^"]*)">${words}</a>`).exec(html)?.[1]?.replaceAll('&amp;', '&');
}

export interface List {
  readonly path: string;
  readonly onward: string;
  /** Matches what each entry alone shows. */
  readonly entry: RegExp;
}

/** The entries of each page, from the first to the last. */
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

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build({ onPool: countReads });
export const owner = await deployment.owner();
/** Another owner, with as much. */
export const other = await deployment.owner();
await fill(deployment, owner, 'mine');
await fill(deployment, other, 'theirs');
