import { describe, expect, test } from '@jest/globals';
import { openVault } from '@chatelaine/keys';
import { openPool } from '@chatelaine/postgres';
import { type Browser, tokenFor } from '@chatelaine/test-kit';
import { connectAm, signUp } from '../support/world.ts';
import { VAULT_LABEL } from '../../src/deps.ts';
import { ENCRYPTED_COLUMNS } from '../../src/encrypted-columns.ts';
import { world, origin } from './scene.ts';

export function kept(): void {
  describe('disconnecting', () => {
    test('tells the AM and forgets the connection', async () => {
      const browser = await signUp(origin);
      await connectAm(world.deployment, browser);
      const page = await browser.get('/connections');
      const connection = /name="connection" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      const done = await browser.submit('/connections', '/disconnect', { connection });
      expect([done.status, done.headers['location']]).toEqual([303, '/connections']);
      expect(world.deployment.received.at(-1)?.form.get('token_type_hint')).toBe('refresh_token');
      expect((await browser.get('/connections')).words).toContain('not connected an authorization manager yet');
      expect(await world.sql(`select 1 from connection where id = '${connection}'`)).toEqual([]);
    });

    test('says when the AM could not be told', async () => {
      const browser = await signUp(origin);
      await connectAm(world.deployment, browser);
      world.deployment.on['am /revoke'] = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
      const connection = /name="connection" value="([^"]+)"/.exec((await browser.get('/connections')).text)?.[1] ?? '';
      const done = await browser.submit('/connections', '/disconnect', { connection });
      expect(done.words).toContain('could not be told');
    });

    test('of somebody else is a 404 and changes nothing', async () => {
      const browser = await signUp(origin);
      await connectAm(world.deployment, browser);
      const connection = /name="connection" value="([^"]+)"/.exec((await browser.get('/connections')).text)?.[1] ?? '';
      const other = await signUp(origin);
      await connectAm(world.deployment, other);
      expect((await other.submit('/connections', '/disconnect', { connection })).status).toBe(404);
      expect((await browser.get('/connections')).words).toContain('Photos');
    });
  });

  describe('what is kept here', () => {
    const csrf = async (browser: Browser) => ({ _csrf: tokenFor((await browser.get('/posts')).text, '/posts') });

    test('is seen and removed by whoever wrote it, and by nobody else', async () => {
      const [kim, sam] = [await signUp(origin), await signUp(origin)];
      await kim.submit('/posts', '/posts', { text: ' kept by kim ' });
      const page = await kim.get('/posts');
      expect(page.words).toContain('kept by kim');
      expect((await sam.get('/posts')).words).not.toContain('kept by kim');
      const post = /name="post" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      expect((await sam.post('/posts/remove', { ...(await csrf(sam)), post })).status).toBe(404);
      expect((await kim.get('/posts')).words).toContain('kept by kim');
      expect((await kim.submit('/posts', '/posts/remove', { post })).status).toBe(303);
      expect((await kim.get('/posts')).words).not.toContain('kept by kim');
    });

    test('is encrypted with the AAD that is listed for replacing the encryption key', async () => {
      const browser = await signUp(origin);
      await connectAm(world.deployment, browser);
      await browser.submit('/connect', '/connect', { am: world.deployment.am }); // and left unfinished
      const pool = openPool({ url: world.database.url('lifestream'), name: 'test', max: 1 });
      const config = { encryptionKey: Buffer.alloc(32, 5), previousEncryptionKeys: [] };
      const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
      const seen = new Set<string>();
      for (const { table, column, aad } of ENCRYPTED_COLUMNS) {
        const { rows } = await pool.query<Readonly<Record<string, unknown>>>(`select * from ${table}`);
        for (const row of rows) expect(vault.decrypt(row[column] as Buffer, aad(row))).not.toBe('');
        if (rows.length > 0) seen.add(table);
      }
      await pool.end();
      expect([...seen]).toEqual(expect.arrayContaining(['signing_key', 'kept_secret', 'connection', 'connect_state']));
    });

    test('is text that can be read, and not too long', async () => {
      const kim = await signUp(origin);
      for (const text of ['', '   ', 'x'.repeat(2001), 'a\u0000b'])
        expect((await kim.submit('/posts', '/posts', { text })).status).toBe(400);
      expect((await kim.submit('/posts', '/posts', { text: 'x'.repeat(2000) })).status).toBe(303);
    });

    test('is shared when its tick is set, and then nothing is connected unless the AM takes both', async () => {
      const browser = await signUp(origin);
      const page = await browser.submit('/connect', '/connect', { am: world.deployment.am, share: 'yes' });
      expect([page.status, page.words.includes('does not take both in one step')]).toEqual([400, true]);
      expect(page.text).toMatch(/name="share"[^>]*checked/);
      expect(world.deployment.count('am /par')).toBe(0);
    });

    test('opens to no program without a token of this Host', async () => {
      const answer = await fetch(`${origin}/api/entries`, { headers: { authorization: 'DPoP cha_at_x' } });
      expect([answer.status, answer.headers.get('www-authenticate')?.includes('DPoP')]).toEqual([401, true]);
      const kim = await signUp(origin);
      expect((await kim.get('/api/entries')).status).toBe(401);
      expect((await kim.get('/access')).words).toContain('Nobody but you');
      expect((await kim.post('/access/end', { ...(await csrf(kim)), link: 'lnk_x' })).status).toBe(404);
    });
  });

  test('an account that is deleted has its AM told, and leaves no connection and no post', async () => {
    const browser = await signUp(origin);
    await connectAm(world.deployment, browser);
    await browser.submit('/posts', '/posts', { text: 'soon gone' });
    const pool = openPool({ url: world.database.url('lifestream'), name: 'test', max: 1 });
    const [account] = (
      await pool.query<{ id: string; username: string }>(
        'select id, username from account order by created_at desc limit 1',
      )
    ).rows;
    world.deployment.received.length = 0;
    const answer = await browser.submit('/account/delete', '/account/delete', {
      confirmation: account?.username ?? '',
    });
    expect(answer.headers.location).toMatch(/^\/account\/deleted/);
    expect(world.deployment.received.map(({ form }) => form.get('token_type_hint'))).toContain('refresh_token');
    const left = await pool.query(
      'select 1 from connection where owner_id = $1 union all select 1 from post where owner_id = $1',
      [account?.id],
    );
    await pool.end();
    expect(left.rowCount).toBe(0);
  });
}
