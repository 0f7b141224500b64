import { describe, expect, test } from '@jest/globals';
import { PASSWORD } from '@chatelaine/test-kit';
import { GIF, JPEG, PNG, SVG, WEBP } from '../support/pictures.ts';
import { am, host, alice, bob, reader, writer, bobs, count, csrfOf, upload, newestId } from './scene.ts';

export function kept(): void {
  describe('a picture', () => {
    test.each([
      ['image/png', PNG],
      ['image/jpeg', JPEG],
      ['image/webp', WEBP],
      ['image/gif', GIF],
    ])(
      'that is %s by its first bytes is kept, and given to its owner as that, whatever it was called',
      async (type, bytes) => {
        expect((await upload(alice, bytes)).status).toBe(303);
        const { rows } = await host.pool.query<{ id: string }>('select id from entry order by created_at desc limit 1');
        const answer = await alice.get(`/entries/${rows[0]?.id}/picture`);
        expect(answer.status).toBe(200);
        expect(answer.bytes.equals(bytes)).toBe(true);
        expect(answer.headers).toMatchObject({
          'content-type': type,
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
          'cache-control': 'no-store',
        });
        await alice.submit('/entries', '/entries/remove', { entry: rows[0]?.id });
      },
    );

    test.each([
      ['an SVG', SVG],
      ['HTML', Buffer.from('<!doctype html><script>alert(1)</script>')],
      ['a PDF', Buffer.from('%PDF-1.7\n')],
      ['half a signature', Buffer.from('89504e47', 'hex')],
      ['a script with a picture behind it', Buffer.concat([Buffer.from('alert(1)//'), PNG])],
      ['RIFF that is no WebP', Buffer.from('RIFF\0\0\0\0WAVEfmt ')],
    ])('that is %s is not kept, nor its entry, and the text stays in the form', async (_name, bytes) => {
      const before = await count();
      const answer = await upload(alice, bytes);
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('no picture of a kind');
      expect(answer.text).toContain('>with a picture</textarea>');
      expect(await count()).toBe(before);
    });

    test('of more than 2 MB is refused with a sentence, and nothing is kept; one of exactly 2 MB is', async () => {
      const before = await count();
      const large = await upload(alice, Buffer.concat([PNG, Buffer.alloc(2_097_153 - PNG.length)]));
      expect([large.status, await count()]).toEqual([413, before]);
      expect(large.text).toContain('The file is too large');
      const fits = await upload(alice, Buffer.concat([PNG, Buffer.alloc(2_097_152 - PNG.length)]));
      expect([fits.status, await count()]).toEqual([303, before + 1]);
      await alice.submit('/entries', '/entries/remove', { entry: await newestId(alice) });
    });

    test('is nobody else’s: not by page, not by the API, not by removing it', async () => {
      await upload(alice, PNG);
      const id = await newestId(alice);
      expect(id).toMatch(/^ent_/);
      const address = `/entries/${id}/picture`;
      expect((await bob.get(address)).status).toBe(404);
      expect((await host.browser().get(address)).headers.location).toMatch(/^\/sign-in/);
      expect((await bob.submit('/access', '/sign-out', {})).status).toBe(303);
      await bob.submit('/sign-in', '/sign-in', { username: 'bob', password: PASSWORD });
      const own = { _csrf: await csrfOf(bob) };
      expect((await bob.post('/entries/remove', { ...own, entry: id })).status).toBe(404);
      expect((await alice.get(address)).status).toBe(200);
      expect((await am.call(host, bobs, { path: `/api/entries/${id}/picture` })).status).toBe(404);
    });

    test('goes with its entry', async () => {
      await upload(alice, PNG);
      const id = await newestId(alice);
      expect((await alice.submit('/entries', '/entries/remove', { entry: id })).status).toBe(303);
      expect((await alice.get(`/entries/${id}/picture`)).status).toBe(404);
      const { rows } = await host.pool.query('select 1 from entry_picture where entry_id = $1', [id]);
      expect(rows).toEqual([]);
    });
  });

  describe('GET /api/entries/:id/picture', () => {
    test('gives it to a Requester that may read, and the list says which entry has one', async () => {
      await upload(alice, PNG);
      const id = await newestId(alice);
      const { entries } = (await am.call(host, reader)).json as { entries: { id: string; picture?: object }[] };
      expect(entries.find((entry) => entry.id === id)?.picture).toEqual({ type: 'image/png' });
      const answer = await am.call(host, reader, { path: `/api/entries/${id}/picture` });
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'image/png']);
      expect(answer.bytes.equals(PNG)).toBe(true);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
      });
    });

    test('opens for no session, no other scope, no proof for another address, and no entry without one', async () => {
      const id = await newestId(alice);
      const path = `/api/entries/${id}/picture`;
      expect((await alice.get(path)).status).toBe(401);
      expect((await am.call(host, writer, { path })).status).toBe(403);
      const proof = await am.proof(host, reader);
      expect((await am.call(host, reader, { path, proof })).status).toBe(401);
      const none = await am.call(host, reader, { path: '/api/entries/ent_unknown/picture' });
      expect([none.status, none.json['error']]).toEqual([404, 'invalid_request']);
      expect((await am.call(host, reader, { path: `/api/entries/%00/picture` })).status).toBe(404);
    });
  });
}
