import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Pool } from '@chatelaine/postgres';
import { ENTRIES_A_PAGE, hrefAfter } from '@chatelaine/service-kit';
import { type Browser, tokenFor } from '@chatelaine/test-kit';
import { House, type Owner } from './support/house.ts';
import { fill, MANY } from './support/plenty.ts';

const NUMBERS = Array.from({ length: MANY }, (_, index) => index + 1);
const namesLike = (name: string): string[] => NUMBERS.map((n) => `${name} ${n}`);

let house: House;
let owner: Owner;
/** Somebody who has as much. */
let other: Owner;
let sent = 0;

beforeAll(async () => {
  house = await House.build({ onPool: countStatements });
  owner = await house.owner();
  other = await house.owner();
  await fill(house, owner, 'mine');
  await fill(house, other, 'theirs');
});
afterAll(() => house.close());

/** What reads an owner's things: sessions, and what a process does beside, are none of a page's. */
const READS = /^\s*select\b.*\b(connection|link|host|rule|ask|revocation|transfer|timeline_entry)\b/is;

function countStatements(pool: Pool): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      if (READS.test(String((args[0] as { text?: string }).text))) sent += 1;
      return query(...args);
    }) as typeof client.query;
  });
}

/** Where a link of these words leads to. */
function hrefOf(html: string, words: string): string | undefined {
  return new RegExp(`href="([^"]*)">${words}</a>`).exec(html)?.[1]?.replaceAll('&amp;', '&');
}

interface List {
  readonly path: string;
  readonly onward: string;
  /** Of each entry, what only that one shows. */
  readonly entry: RegExp;
}

/** What each page shows, from the first to the one that leads on to none. */
async function walk(browser: Browser, { path, onward, entry }: List): Promise<string[][]> {
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

const lists = (whose: string): Record<string, List & { all: string[] }> => ({
  connections: {
    path: '/requesters',
    onward: 'Older ones',
    entry: /action="\/requesters\/con_([^"/]*)\/stop"/g,
    all: NUMBERS.map((n) => `${whose}-${n}`),
  },
  links: {
    path: '/hosts',
    onward: 'More Hosts',
    entry: /action="\/hosts\/link_((?:mine|theirs)-\d+)\/stop"/g,
    all: NUMBERS.map((n) => `${whose}-${n}`),
  },
  questions: {
    path: '/asks',
    onward: 'Older ones',
    entry: /href="\/asks\/ask_([^"]*)"/g,
    all: NUMBERS.map((n) => `${whose}-${n}`),
  },
  'ended connections': {
    path: '/requesters',
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

describe('a list that is longer than a page', () => {
  test.each(Object.keys(lists('')))('of %s is reached to its end, every entry once', async (name) => {
    const list = lists('mine')[name];
    if (list === undefined) throw new Error(name);
    const pages = await walk(owner.browser, list);
    expect(pages.flat().toSorted()).toEqual(list.all.toSorted());
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.at(-1)).not.toEqual([]);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(ENTRIES_A_PAGE);
  });

  test('of /ends leads on in both its parts', async () => {
    const { 'ended connections': connections, 'ended links': links } = lists('mine');
    for (const list of [connections, links]) {
      const pages = await walk(owner.browser, { ...list, path: '/ends' } as List);
      expect(pages.flat().toSorted()).toEqual(list?.all.toSorted());
    }
  });

  test('goes in one order: the newest first, links that are broken before all others', async () => {
    const [first = []] = await walk(owner.browser, lists('mine')['ended links'] as List);
    expect(first).toContain('gone link mine 1');
    await house.rows(`update link set state = 'broken' where id = $1`, [`link_theirs-${MANY}`]);
    const pages = await walk(other.browser, lists('theirs')['links'] as List);
    expect(pages[0]?.[0]).toBe(`theirs-${MANY}`);
    expect(pages.flat().toSorted()).toEqual(lists('theirs')['links']?.all.toSorted());
    const home = (await other.browser.get('/')).words;
    expect(home).toContain('“account of theirs” is broken');
    await house.rows(`update link set state = 'active' where id = $1`, [`link_theirs-${MANY}`]);
  });

  test('shows one owner nothing of another, whoever’s place in it is asked for', async () => {
    for (const list of Object.values(lists('theirs'))) {
      const second = hrefOf((await other.browser.get(list.path)).text, list.onward);
      expect(second).toBeDefined();
      const { status, text } = await owner.browser.get(second ?? '');
      expect(status).toBe(200);
      expect(text).not.toContain('theirs');
    }
  });

  test('begins at its beginning where the place in it makes no sense', async () => {
    const places: unknown[] = [
      [],
      {},
      null,
      7,
      ['a', 'b'],
      [1, 'a\0b'],
      [-1, 'a'],
      [Number.MAX_SAFE_INTEGER, 'a'],
      [1.5, 'a'],
      [1, 'a', 'b'],
      [1, '\ud800'],
      ['active', 'a', 'b', 'c'],
      [true, 'a', 'b', '\0'],
      ['9223372036854775808', null, null],
      ['-1', null, null],
      ['1e9', 1, 'a'],
    ];
    const cursors = [
      ...places.map((place) => Buffer.from(JSON.stringify(place)).toString('base64url')),
      '',
      '%25',
      'x',
    ];
    for (const path of ['/requesters', '/hosts', '/asks', '/timeline']) {
      const begins = (await owner.browser.get(path)).words;
      for (const cursor of cursors) {
        const { status, words } = await owner.browser.get(`${path}?after=${cursor}`);
        expect([path, cursor, status, words === begins]).toEqual([path, cursor, 200, true]);
      }
    }
    for (const name of ['connections', 'links'])
      for (const cursor of cursors) expect((await owner.browser.get(`/ends?${name}=${cursor}`)).status).toBe(200);
    expect((await owner.browser.get('/hosts?after=a&after=b')).status).toBe(400);
  });

  test('says so where nothing is left of it, and leads back', async () => {
    for (const [path, name, after] of [
      ['/requesters', 'after', [0, '']],
      ['/hosts', 'after', [true, '~', '~', '~']],
      ['/asks', 'after', [0, '']],
      ['/timeline', 'after', ['0', 0, '']],
      ['/ends', 'connections', [0, '']],
      ['/ends', 'links', [0, '']],
    ] as const) {
      const { status, text, words } = await owner.browser.get(hrefAfter(path, { name, after }));
      expect([path, status]).toEqual([path, 200]);
      expect(words).toMatch(/No older ones|No more Hosts|Nothing earlier/);
      expect(hrefOf(text, 'Back to the beginning')).toBe(path);
    }
  });

  test('takes as many statements as a short one', async () => {
    const newcomer = await house.owner();
    const needed = async (path: string, { browser }: Owner): Promise<number> => {
      const before = sent;
      expect((await browser.get(path)).status).toBe(200);
      return sent - before;
    };
    for (const path of ['/', '/requesters', '/hosts', '/asks', '/ends', '/timeline']) {
      const few = await needed(path, newcomer);
      expect([path, few > 0, await needed(path, owner)]).toEqual([path, true, few]);
    }
  });
});

describe('what is not on the first page', () => {
  const OLDEST = 'con_mine-1';

  test('is a connection like any other: it has its page, and its rules are changed there', async () => {
    const { browser } = owner;
    expect((await browser.get('/requesters')).text).not.toContain(`/requesters/${OLDEST}/`);
    const page = await browser.get(`/requesters/${OLDEST}`);
    expect([page.status, page.words.includes('app of mine')]).toEqual([200, true]);
    const [field = ''] = /rule:[^"]*photos\.read/.exec(page.text) ?? [];
    const saved = await browser.submit(`/requesters/${OLDEST}`, `/requesters/${OLDEST}/rules`, { [field]: 'deny' });
    expect(saved.headers.location).toBe(`/requesters/${OLDEST}?saved=yes`);
    const rules = await house.rows('select effect from rule where connection_id = $1', [OLDEST]);
    expect(rules).toEqual([{ effect: 'deny' }]);
  });

  test('is stopped from where it is listed, and its page then says what its Hosts know', async () => {
    const { browser } = owner;
    let path: string | undefined = '/requesters';
    while (path !== undefined) {
      const { text } = await browser.get(path);
      if (text.includes(`/requesters/${OLDEST}/stop`)) break;
      path = hrefOf(text, 'Older ones');
    }
    if (path === undefined) throw new Error('it is on no page');
    expect((await browser.submit(path, `/requesters/${OLDEST}/stop`)).status).toBe(303);
    expect((await browser.get(`/requesters/${OLDEST}`)).words).toContain('app of mine has ended');
    const [grant] = await house.rows<{ ended: boolean }>(
      'select ended_at is not null as ended from oauth_grant where id = $1',
      [OLDEST],
    );
    expect(grant?.ended).toBe(true);
  });

  test('is an ended connection that has its page, too, and of nobody else', async () => {
    const path = `/requesters/gone_mine-${MANY}`;
    expect((await owner.browser.get(path)).words).toContain(`gone app mine ${MANY} has ended`);
    expect((await other.browser.get(path)).status).toBe(404);
    expect((await other.browser.get('/requesters/con_mine-2')).status).toBe(404);
  });

  test('is a link that is shown when it was renamed, and stopped from where it is listed', async () => {
    const { browser } = owner;
    const second = hrefOf((await browser.get('/hosts')).text, 'More Hosts') ?? '';
    const { text } = await browser.get(second);
    const [, id = ''] = /action="\/hosts\/(link_[^"/]*)\/name"/.exec(text) ?? [];
    const renamed = await browser.submit(second, `/hosts/${id}/name`, { label: 'zebra' });
    expect(renamed.headers.location).toBe(`/hosts?renamed=${id}`);
    const shown = await browser.get(`/hosts?renamed=${id}`);
    expect(shown.words).toContain('is called “zebra” from now on');
    expect([...shown.text.matchAll(/action="\/hosts\/(link_[^"/]*)\/stop"/g)][0]?.[1]).toBe(id);
    expect((await other.browser.get(`/hosts?renamed=${id}`)).text).not.toContain('zebra');
    expect((await browser.submit(second, `/hosts/${id}/stop`)).status).toBe(303);
    expect((await browser.get('/hosts')).text.includes('<strong>zebra</strong>, ended')).toBe(true);
  });

  test('is on the front page where it needs somebody: Hosts that could not be told', async () => {
    await house.rows(`update revocation set state = 'failed', confirmed_at = null where link_id = $1`, [
      `gone_mine-${MANY}`,
    ]);
    expect((await owner.browser.get('/hosts')).text).not.toContain(`gone link mine ${MANY}<`);
    expect((await owner.browser.get('/')).words).toContain('could not be told of something you stopped');
  });

  test('ends with everything else, from whichever page it is stopped', async () => {
    const second = hrefOf((await other.browser.get('/requesters')).text, 'Older ones') ?? '';
    expect(tokenFor((await other.browser.get(second)).text, '/stop-everything')).not.toBe('');
    expect((await other.browser.submit(second, '/stop-everything')).status).toBe(303);
    const left = await house.rows(
      `select id from connection where owner_id = $1 and ended_at is null union all select id from link where owner_id = $1 and state <> 'ended'`,
      [other.id],
    );
    expect(left).toEqual([]);
    expect((await other.browser.get(second)).words).toContain('No older ones');
  });
});
