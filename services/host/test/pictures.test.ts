import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Browser, PASSWORD, send, tokenFor } from '@chatelaine/test-kit';
import { BOUNDARY, GIF, JPEG, multipart, type Part, PNG, SVG, WEBP } from './support/pictures.ts';
import { TestAm } from './support/test-am.ts';
import { startHost, type TestHost } from './support/test-host.ts';

let embedded: Embedded;
let am: TestAm;
let host: TestHost;
let alice: Browser;
let bob: Browser;
let reader: string;
let writer: string;
let bobs: string;
beforeAll(async () => {
  embedded = await sharedEmbedded();
  am = await TestAm.start();
  host = await startHost(embedded, am);
  alice = await host.browser().signUp('alice');
  bob = await host.browser().signUp('bob');
  const link = await am.link(host, alice);
  reader = await am.token(host, link, 'entries.read');
  writer = await am.token(host, link, 'entries.write');
  bobs = await am.token(host, await am.link(host, bob), 'entries.read');
});
afterAll(async () => {
  await Promise.all([am.close(), host.app.close()]);
  await embedded.stop();
});

const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const count = async (): Promise<number> => {
  const { rows } = await host.pool.query<{ n: number }>('select count(*)::integer as n from entry');
  return rows[0]?.n ?? -1;
};
const csrfOf = async (browser: Browser): Promise<string> => tokenFor((await browser.get('/entries')).text, '/entries');

/** What a browser sends for the form: the token first, the file last. */
async function upload(browser: Browser, picture: Buffer, more: readonly Part[] = []): Promise<Answer> {
  const parts: Part[] = [
    { name: '_csrf', body: await csrfOf(browser) },
    { name: 'text', body: 'with a picture' },
    { name: 'date', body: '2026-03-04' },
    ...more,
    { name: 'picture', body: picture, filename: '../../etc/passwd.svg', type: 'image/svg+xml' },
  ];
  return browser.postRaw('/entries', multipart(parts), { 'content-type': TYPE });
}

async function newestId(browser: Browser): Promise<string> {
  return /\/entries\/(ent_[^/]+)\/picture/.exec((await browser.get('/entries')).text)?.[1] ?? 'none';
}

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

describe('a form with a file is as strict as any other', () => {
  const file: Part = { name: 'picture', body: PNG, filename: 'x.png', type: 'image/png' };
  const token = async (): Promise<Part> => ({ name: '_csrf', body: await csrfOf(alice) });
  const post = (parts: readonly Part[] | Buffer, headers: Record<string, string> = {}) =>
    alice.postRaw('/entries', Buffer.isBuffer(parts) ? parts : multipart(parts), { 'content-type': TYPE, ...headers });

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
