import { expect, test } from '@jest/globals';
import { unzip } from '@chatelaine/test-kit';
import { JPEG, PNG } from './support/pictures.ts';
import { kept } from './pictures/kept.ts';
import { uploads } from './pictures/uploads.ts';
import { alice, bob, host, newestId, scene, upload } from './pictures/scene.ts';

scene();
kept();
uploads();

test('an export has the owner’s entries and pictures as uploaded, who has access, and nobody else’s', async () => {
  await upload(alice, PNG);
  await upload(bob, JPEG);
  const files = unzip((await alice.submit('/account/export', '/account/export')).bytes);
  const entries = JSON.parse(String(files.get('entries.json'))) as { id: string; picture?: object }[];
  const { rows } = await host.pool.query<{ id: string }>(
    'select entry.id from entry join account on account.id = owner where username = $1 order by entry.id',
    ['alice'],
  );
  expect(entries.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  const newest = await newestId(alice);
  expect([...files.keys()].filter((path) => path.includes(newest))).toEqual([`pictures/${newest}.png`]);
  expect(files.get(`pictures/${newest}.png`)).toEqual(PNG);
  expect((JSON.parse(String(files.get('access.json'))) as object[]).length).toBe(1);
});

test('an account that is deleted leaves no entry, picture or live link, and nothing of others goes', async () => {
  await upload(bob, JPEG);
  const [owner] = (await host.pool.query<{ id: string }>("select id from account where username = 'bob'")).rows;
  const answer = await bob.submit('/account/delete', '/account/delete', { confirmation: 'bob' });
  expect((await bob.get(String(answer.headers.location))).words).toContain('Nothing of it is left');
  const left = await host.pool.query(
    'select 1 from entry where owner = $1 union all select 1 from oauth_grant where subject = $1 and ended_at is null',
    [owner?.id],
  );
  expect(left.rowCount).toBe(0);
  expect((await alice.get('/entries')).status).toBe(200);
});
