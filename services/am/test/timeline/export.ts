import { describe, expect, test } from '@jest/globals';
import { hiddenFields } from '@chatelaine/test-kit';
import { cellOf } from '../../src/timeline/export.ts';
import { exchange } from '../support/requester.ts';
import { asked, deployment, story, stranger } from './scene.ts';

/** The export of activity. */
export function exports(): void {
  describe('activity that is taken away', () => {
    const take = (format: string, query = '', of = story) =>
      of.owner.browser.submit('/timeline', `/timeline/export${query}`, { format });

    test('has all that is looked for, however much, in the order of the page: as CSV and as JSON', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
      await asked({ of: by, at: '2026-03-01T10:00Z', times: 1_700 });
      await asked({ of: by, at: '2026-03-01T10:00Z', state: 'refused', error: 'denied' });
      const json = await take('json', '', by);
      const rows = JSON.parse(json.text) as Record<string, string | null>[];
      expect(rows.filter(({ kind }) => kind === 'asked')).toHaveLength(1_701);
      expect(rows.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['connection_made', 'link_made']));
      const times = rows.map(({ at }) => at ?? '');
      expect(times).toEqual(times.toSorted((a, b) => (a < b ? 1 : -1)));
      const csv = await take('csv', '', by);
      expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
      expect(csv.headers['content-disposition']).toMatch(/^attachment; filename="activity-[0-9-]{10}\.csv"$/);
      expect(csv.text.trimEnd().split('\r\n')).toHaveLength(rows.length + 1);
    });

    test('is narrowed as the page is, and never has anything of another owner', async () => {
      const by = await deployment.story({ 'photos.read': 'allow' }, { name: 'Lifestream' });
      await asked({ of: by, at: '2026-03-01T10:00Z' });
      await asked({ of: by, at: '2026-03-02T10:00Z', state: 'refused', error: 'denied' });
      const narrowed = JSON.parse((await take('json', '?outcome=refused', by)).text) as { error: string }[];
      expect(narrowed.map(({ error }) => error)).toEqual(['denied']);
      const strange = `?app=${encodeURIComponent(stranger.requester.clientId)}`;
      expect((await take('json', strange, by)).text).toBe('[]\n');
    });

    test('takes the form of its own page, by its owner', async () => {
      const { browser } = story.owner;
      expect((await browser.post('/timeline/export', { format: 'csv' })).status).toBe(403);
      const form = { ...hiddenFields((await browser.get('/timeline')).text, '/timeline/export'), format: 'csv' };
      expect((await browser.post('/timeline/export', form, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
      expect((await browser.get('/timeline/export')).status).toBe(404);
      expect((await take('pdf')).status).toBe(400);
      const out = await exchange(deployment.ams[0].port, {
        path: '/timeline/export',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'format=csv',
      });
      expect(out.status).not.toBe(200);
    });

    test('is no formula to any spreadsheet, whatever an app calls itself', async () => {
      for (const name of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '  =1', '\u200e=1', '＝1', '\r=1'])
        expect([name, cellOf(name)]).toEqual([name, `"'${name}"`]);
      for (const name of ['Lifestream', 'a=b', '', '1-2']) expect(cellOf(name)).toBe(`"${name}"`);
      expect(cellOf('say "hi", all\r\nof you')).toBe('"say ""hi"", all\r\nof you"');
      const by = await deployment.story({ 'photos.read': 'allow' });
      await asked({ of: by, at: '2026-03-01T10:00Z' });
      await deployment.rows(`update connection set client_name = '=HYPERLINK("https://evil.example")' where id = $1`, [
        by.connection.id,
      ]);
      const { text } = await take('csv', '', by);
      expect(text).toContain(`"'=HYPERLINK(""https://evil.example"")"`);
      expect(text).not.toMatch(/(^|,)"?=/m);
    });
  });
}
