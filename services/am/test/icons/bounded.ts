import { describe, expect, it } from '@jest/globals';
import { claimIcons, reapIcons } from '../../src/icons/icon-store.ts';
import type { Story } from '../support/deployment.ts';
import { app, at, consent, deployment, plain, served, settled } from './scene.ts';

/** The limits on the number of icons. */
export function bounded(): void {
  describe('of ever new icons', () => {
    const many = (rows: number, more: string) =>
      deployment.rows(
        `insert into icon (uri, wanted_at, due_at, tried_at, again_at) 
         select 'https://many.example/' || n, ${more} from generate_series(1, ${rows}) n`,
      );
    const left = async () =>
      (
        await deployment.rows<{ n: number }>(
          `select count(*)::int as n from icon where uri like 'https://many.example/%'`,
        )
      )[0]?.n;
    const clear = () => deployment.rows(`delete from icon where uri like 'https://many.example/%'`);

    it('no more than so many wait, and beyond that a page has a letter and stores nothing', async () => {
      await many(200, `now(), 'infinity', null, null`);
      const uri = at(served(await plain(64, '#00f').png().toBuffer()));
      const requester = app(uri);
      expect((await consent(requester, await deployment.owner())).status).toBe(200);
      expect(await deployment.rows('select 1 from icon where uri = $1', [uri])).toEqual([]);
      await clear();
      await requester.push();
      expect((await settled(uri)).id).not.toBeNull();
    });

    it('no more than so many are asked for in a minute', async () => {
      await many(60, `now(), 'infinity', now() + interval '1 hour', null`);
      await deployment.rows(
        `insert into icon (uri, wanted_at, due_at) values ('https://many.example/due', now(), now())`,
      );
      expect(await claimIcons(deployment, 10)).toEqual([]);
      await clear();
    });

    it('those that no connection names go within a day, and the oldest when there are too many', async () => {
      const story: Story = await deployment.story(
        { 'photos.read': 'allow' },
        { document: { logo_uri: 'https://many.example/1' } },
      );
      await clear();
      await many(1_300, `now() - make_interval(secs => n), null, null, now() + interval '1 day'`);
      await deployment.rows(
        `update icon set wanted_at = now() - interval '3 days'
         where uri in ('https://many.example/1', 'https://many.example/2')`,
      );
      await reapIcons(deployment);
      expect(await left()).toBeLessThanOrEqual(1_001);
      const kept = await deployment.rows<{ uri: string }>(
        `select uri from icon where uri in ('https://many.example/1', 'https://many.example/2')`,
      );
      expect([kept, story.connection.id.length > 0]).toEqual([[{ uri: 'https://many.example/1' }], true]);
      await clear();
    });
  });
}
