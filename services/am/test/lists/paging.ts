import { ENTRIES_A_PAGE, hrefAfter } from '@chatelaine/ui';
import { describe, expect, test } from '@jest/globals';
import type { Owner } from '../support/deployment.ts';
import { MANY } from '../support/plenty.ts';
import { deployment, hrefOf, type List, lists, other, owner, readsByRequest, walk } from './scene.ts';

/** Lists of several pages, from beginning to end. */
export function pages(): void {
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
      const { 'ended apps': apps, 'ended links': links } = lists('mine');
      for (const list of [apps, links]) {
        const pages = await walk(owner.browser, { ...list, path: '/ends' } as List);
        expect(pages.flat().toSorted()).toEqual(list?.all.toSorted());
      }
    });

    test('goes in one order: the newest first, links that are broken before all others', async () => {
      const [first = []] = await walk(owner.browser, lists('mine')['ended links'] as List);
      expect(first).toContain('gone link mine 1');
      await deployment.rows(`update link set state = 'broken' where id = $1`, [`link_theirs-${MANY}`]);
      const pages = await walk(other.browser, lists('theirs')['links'] as List);
      expect(pages[0]?.[0]).toBe(`theirs-${MANY}`);
      expect(pages.flat().toSorted()).toEqual(lists('theirs')['links']?.all.toSorted());
      const home = (await other.browser.get('/')).words;
      expect(home).toContain('“account of theirs” is broken');
      await deployment.rows(`update link set state = 'active' where id = $1`, [`link_theirs-${MANY}`]);
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
      for (const path of ['/apps', '/hosts', '/asks', '/timeline']) {
        const begins = (await owner.browser.get(path)).words;
        for (const cursor of cursors) {
          const { status, words } = await owner.browser.get(`${path}?after=${cursor}`);
          expect([path, cursor, status, words === begins]).toEqual([path, cursor, 200, true]);
        }
      }
      for (const name of ['apps', 'links'])
        for (const cursor of cursors) expect((await owner.browser.get(`/ends?${name}=${cursor}`)).status).toBe(200);
      expect((await owner.browser.get('/hosts?after=a&after=b')).status).toBe(400);
    });

    test('says so where nothing is left of it, and leads back', async () => {
      for (const [path, name, after] of [
        ['/apps', 'after', [0, '']],
        ['/hosts', 'after', [true, '~', '~', '~']],
        ['/asks', 'after', [0, '']],
        ['/timeline', 'after', ['0', 0, '']],
        ['/ends', 'apps', [0, '']],
        ['/ends', 'links', [0, '']],
      ] as const) {
        const { status, text, words } = await owner.browser.get(hrefAfter(path, { name, after }));
        expect([path, status]).toEqual([path, 200]);
        expect(words).toMatch(/No older ones|No more services|Nothing earlier/);
        expect(hrefOf(text, 'Back to the beginning')).toBe(path);
      }
    });

    test('takes as many statements as a short one', async () => {
      const newcomer = await deployment.owner();
      const needed = async (path: string, { browser }: Owner): Promise<number> => {
        readsByRequest.clear();
        expect((await browser.get(path)).status).toBe(200);
        expect(readsByRequest.size).toBe(1);
        return [...readsByRequest.values()][0] ?? 0;
      };
      for (const path of ['/', '/apps', '/hosts', '/asks', '/ends', '/timeline']) {
        const few = await needed(path, newcomer);
        expect([path, few > 0, await needed(path, owner)]).toEqual([path, true, few]);
      }
    });
  });
}
