import { describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
import { multipart, type Part, PNG } from '../support/pictures.ts';
import { am, host, alice, bob, reader, TYPE, count, csrfOf, upload } from './scene.ts';

export function uploads(): void {
  describe('a form with a file is as strict as any other', () => {
    const file: Part = { name: 'picture', body: PNG, filename: 'x.png', type: 'image/png' };
    const token = async (): Promise<Part> => ({ name: '_csrf', body: await csrfOf(alice) });
    const post = (parts: readonly Part[] | Buffer, headers: Record<string, string> = {}) =>
      alice.postRaw('/entries', Buffer.isBuffer(parts) ? parts : multipart(parts), {
        'content-type': TYPE,
        ...headers,
      });

    test('it needs its own token, wherever in the form, and comes from here', async () => {
      const before = await count();
      const text: Part = { name: 'text', body: 'forged' };
      const others: Part = { name: '_csrf', body: await csrfOf(bob) };
      expect((await post([text, file])).status).toBe(403);
      expect((await post([others, text, file])).status).toBe(403);
      expect((await post([{ ...(await token()), filename: 'token.txt' }, text])).status).toBe(403);
      expect((await post([await token(), text], { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
      expect((await post([await token(), text], { origin: 'http://evil.example' })).status).toBe(403);
      expect(await count()).toBe(before);
      expect((await post([text, await token()])).status).toBe(303);
    });

    test('from somebody not signed in nothing is read', async () => {
      const answer = await host.browser().postRaw('/entries', multipart([file]), { 'content-type': TYPE });
      expect(answer.status).toBe(403);
    });

    test.each<[string, readonly Part[], number]>([
      [
        'a field twice',
        [
          { name: 'text', body: 'a' },
          { name: 'text', body: 'b' },
        ],
        400,
      ],
      ['a NUL', [{ name: 'text', body: 'a\0b' }], 400],
      ['what is no UTF-8', [{ name: 'text', body: Buffer.from([0x61, 0xff, 0xfe]) }], 400],
      ['__proto__', [{ name: '__proto__', body: 'x' }], 400],
      ['a text too long', [{ name: 'text', body: 'x'.repeat(9_000) }], 400],
      ['two files', [file, { ...file, name: 'other' }], 413],
      ['a hundred fields', Array.from({ length: 100 }, (_, n) => ({ name: `f${n}`, body: 'x' })), 413],
    ])('%s is refused', async (_name, parts, status) => {
      const before = await count();
      expect((await post([await token(), ...parts])).status).toBe(status);
      expect(await count()).toBe(before);
    });

    test('a body that breaks off, has no boundary or is none at all is refused', async () => {
      const whole = multipart([await token(), { name: 'text', body: 'broken' }, file]);
      expect((await post(whole.subarray(0, whole.length - 40))).status).toBe(400);
      expect((await post(whole, { 'content-type': 'multipart/form-data' })).status).toBe(400);
      expect((await post(Buffer.from('nothing of the kind'))).status).toBe(400);
      expect((await post(Buffer.alloc(0))).status).toBe(403);
      expect((await alice.get('/entries')).text).not.toContain('>broken<');
    });

    test('a file control in which nothing was chosen is an entry without a picture', async () => {
      const empty: Part = { name: 'picture', body: '', filename: '', type: 'application/octet-stream' };
      expect((await post([await token(), { name: 'text', body: 'no picture chosen' }, empty])).status).toBe(303);
      const { entries } = (await am.call(host, reader)).json as { entries: { text: string; picture?: object }[] };
      expect(entries.find(({ text }) => text === 'no picture chosen')?.picture).toBeUndefined();
    });

    test('no other form takes a file', async () => {
      const parts = [await token(), { name: 'link', body: 'x' }, file];
      for (const path of ['/access/end', '/entries/remove', '/sign-in', '/sign-out'])
        expect((await alice.postRaw(path, multipart(parts), { 'content-type': TYPE })).status).toBe(415);
      const api = await send(host.port, {
        method: 'POST',
        path: '/api/entries',
        headers: { 'content-type': TYPE },
        body: '',
      });
      expect(api.status).toBe(401);
    });

    test('pictures are limited by the hour', async () => {
      const carol = await host.browser().signUp('carol');
      const statuses: number[] = [];
      for (let tries = 0; tries < 61; tries++) statuses.push((await upload(carol, PNG)).status);
      expect(statuses.slice(0, 60).every((status) => status === 303)).toBe(true);
      expect(statuses[60]).toBe(429);
    });
  });
}
