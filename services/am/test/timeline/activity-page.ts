import { describe, expect, test } from '@jest/globals';
import { asked, deployment, linesOf, olderOf, page, stranger, today } from './scene.ts';

/** How entries are searched for, and shown. */
export function activityPage(): void {
  describe('activity', () => {
    test('folds what happened alike on one day into one line, which leads to each of them', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
      const other = await deployment.link(by.owner, deployment.second);
      await asked({ of: by, at: '2026-03-05T08:10Z', times: 24, minutes: 30 });
      await asked({ of: by, at: '2026-03-05T08:11Z', times: 24, minutes: 30, linkId: other });
      await asked({ of: by, at: '2026-03-05T09:12Z', state: 'failed', error: 'timeout' });
      await asked({ of: by, at: '2026-03-04T23:59Z' });
      const { words, text } = await page('?to=2026-03-05', by);
      expect(linesOf(words)).toBe(4);
      expect(words).toMatch(/24 times , from 08:10 UTC to 19:40 UTC/);
      expect(words).toMatch(/24 times , from 08:11 UTC to 19:41 UTC/);
      const each = /href="(\/timeline\?[^"]*each=yes)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
      const { words: all } = await by.owner.browser.get(each);
      expect(linesOf(all)).toBe(24);
      expect(all).not.toContain('no answer');
    });

    test('is looked through by app, service, outcome, days and words, each by the address alone', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
      const diary = await deployment.beside(by, { 'photos.read': 'allow' }, { name: 'Diary' });
      const pictures = await deployment.link(by.owner, deployment.second);
      await asked({ of: by, at: '2026-03-01T10:00Z' });
      await asked({ of: diary, at: '2026-03-02T10:00Z', linkId: pictures });
      await asked({ of: diary, at: '2026-03-03T10:00Z', state: 'refused', error: 'denied' });
      const [link] = await deployment.rows<{ host_id: string }>('select host_id from link where id = $1', [pictures]);
      const app = encodeURIComponent(diary.requester.clientId);
      const linesFor = async (query: string): Promise<number> =>
        linesOf((await page(`?to=2026-03-31&${query}`, by)).words);
      expect(await linesFor('')).toBe(3);
      expect(await linesFor(`app=${app}`)).toBe(2);
      expect(await linesFor(`app=${app}&service=${link?.host_id}`)).toBe(1);
      expect(await linesFor('outcome=refused')).toBe(1);
      expect(await linesFor('outcome=got')).toBe(2);
      expect(await linesFor('outcome=decided')).toBe(0);
      expect(await linesFor('from=2026-03-02')).toBe(2);
      expect(await linesFor('q=dIaRy')).toBe(2);
      expect(await linesFor('q=See+your+photos')).toBe(3);
      expect(await linesFor('q=100%25_')).toBe(0);
      const narrowed = await page(`?app=${app}&from=2026-03-02&outcome=refused`, by);
      expect(narrowed.words).toMatch(/Diary × leave this out/);
      expect(narrowed.words).not.toContain('You connected');
      // decisions are found by what they concern
      expect((await page(`?outcome=decided&app=${app}`, by)).words).toContain('You connected Diary.');
      expect((await page('?q=lifestream&outcome=decided', by)).words).toContain('You connected Lifestream.');
    });

    test('is narrowed to the last days at a press, which keeps whatever else is looked for', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
      const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 16);
      for (const days of [0, 5, 20, 40]) await asked({ of: by, at: `${ago(days)}Z` });
      const { text } = await page('?q=photos', by);
      const seen: Record<string, number> = {};
      for (const [, href = '', label = ''] of text.matchAll(/href="([^"]*)"[^>]*>(Today|Last \d+ days)</g))
        seen[label] = linesOf((await by.owner.browser.get(href.replaceAll('&amp;', '&'))).words);
      expect(seen).toEqual({ Today: 1, 'Last 7 days': 2, 'Last 30 days': 3 });
      const narrowed = await by.owner.browser.get(`/timeline?q=photos&from=${ago(6).slice(0, 10)}`);
      expect(narrowed.text).toMatch(/href="[^"]*q=photos"[^>]*aria-current="true"[^>]*>Last 7 days/);
    });

    test('begins with everything where the address makes no sense, and shows any search as text', async () => {
      const all = await page();
      for (const query of [
        'from=yesterday',
        'to=2026-02-31',
        'outcome=odd',
        'app=',
        'q=%00',
        `q=${'a'.repeat(501)}`,
        'from=0000-01-01',
      ])
        expect([query, linesOf((await page(`?${query}`)).words)]).toEqual([query, linesOf(all.words)]);
      for (const given of [
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        '</title><svg onload=alert(1)>',
      ])
        for (const name of ['q', 'app', 'service']) {
          const { status, text } = await page(`?${name}=${encodeURIComponent(given)}`);
          expect([status, text]).toEqual([200, expect.not.stringMatching(/<script|<img|<svg onload/)]);
        }
      expect((await page('?q=a&q=b')).status).toBe(400);
    });

    test('looks through part of much at a time, and leads on until what is looked for is found', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
      await asked({ of: by, at: '2026-03-01T10:00Z', state: 'refused', error: 'denied' });
      await asked({ of: by, at: '2026-03-02T10:00Z', times: 12_000 });
      let next: string | undefined = '/timeline?outcome=refused';
      const found: number[] = [];
      while (next !== undefined) {
        const { text, words }: { text: string; words: string } = await by.owner.browser.get(next);
        found.push(linesOf(words));
        next = olderOf(text);
        if (next !== undefined) expect(words).toContain('looks further back');
      }
      expect(found).toEqual([0, 0, 1]);
    });

    test('is drawn day by day: how often there was a key and how often there was none', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' });
      await asked({ of: by, at: `${today()}T00:00Z`, times: 3, minutes: 0 });
      await asked({ of: by, at: `${today()}T00:00Z`, state: 'failed', error: 'busy' });
      const { text } = await page('', by);
      expect(/<svg[^>]*aria-label="([^"]*)"/.exec(text)?.[1]).toMatch(/3 keys given, 1 not given/);
      expect(text.match(/<title>[^<]*: 3 keys given, 1 not given<\/title>/g)).toHaveLength(1);
      expect(text).not.toMatch(/<svg[^>]*style=/);
      expect((await page('?outcome=got', by)).text).toMatch(/aria-label="[^"]*3 keys given, 0 not given/);
      expect((await page('?outcome=decided', by)).text).not.toContain('<svg');
    });

    test('shows nobody anything of another owner, whatever they look for', async () => {
      await asked({ of: stranger, at: '2026-03-06T10:00Z' });
      for (const query of [
        `app=${encodeURIComponent(stranger.requester.clientId)}`,
        'q=Strange',
        `app=${encodeURIComponent(stranger.requester.clientId)}&outcome=decided`,
      ]) {
        const { words } = await page(`?${query}`);
        expect([query, linesOf(words), /Strange app/.test(words)]).toEqual([query, 0, false]);
      }
    });
  });
}
