import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, hiddenFields, send } from '@chatelaine/test-kit';
import { TestAm } from './support/test-am.ts';
import { startHost, type TestHost } from './support/test-host.ts';

let embedded: Embedded;
let am: TestAm;
let host: TestHost;
let alice: Browser;
let reader: string;
let writer: string;
beforeAll(async () => {
  embedded = await sharedEmbedded();
  am = await TestAm.start();
  host = await startHost(embedded, am);
  alice = await host.browser().signUp('alice');
  const link = await am.link(host, alice);
  reader = await am.token(host, link, 'entries.read');
  writer = await am.token(host, link, 'entries.write');
});
afterAll(async () => {
  await Promise.all([am.close(), host.app.close()]);
  await embedded.stop();
});

const add = (fields: Record<string, string>) => alice.submit('/entries', '/entries', fields);

describe('the page of entries', () => {
  test('takes an entry and shows it, with whatever was in it inert', async () => {
    const answer = await add({ text: '<img src=x onerror=alert(1)> & "quotes"', date: '2026-03-04' });
    expect([answer.status, answer.headers.location]).toEqual([303, '/entries']);
    const page = await alice.get('/entries');
    expect(page.text).toContain('2026-03-04');
    expect(page.text).toContain('&lt;img src=x');
    expect(page.text).not.toContain('<img src=x');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['cache-control']).toBe('no-store');
  });

  test('takes an entry without a day as one of today', async () => {
    const today = () => new Date().toISOString().slice(0, 10);
    const days = [today()];
    await add({ text: 'no day given', date: '' });
    days.push(today()); // it may be midnight
    const { text } = await alice.get('/entries');
    expect(days.filter((day) => text.includes(day))).not.toEqual([]);
  });

  test.each([
    ['nothing', { text: '', date: '' }],
    ['only spaces', { text: '   ', date: '' }],
    ['2001 characters', { text: 'x'.repeat(2001), date: '' }],
    ['a day that does not exist', { text: 'x', date: '2026-02-30' }],
    ['a year nobody means', { text: 'x', date: '0000-01-01' }],
    ['what is no day', { text: 'x', date: "2026'; drop table entry" }],
  ])('says why it does not take %s, and keeps what was typed', async (_name, fields) => {
    const answer = await add(fields);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('That could not be added');
    if (fields.text.trim().length === 1) expect(answer.text).toContain('>x</textarea>');
  });

  test('refuses a malformed form, and what is no form', async () => {
    const { text } = await alice.get('/entries');
    const hidden = hiddenFields(text, '/entries');
    const json = await alice.post('/entries', {}, { 'content-type': 'application/json' });
    expect(json.status).toBe(415);
    expect((await alice.post('/entries', { ...hidden, text: 'a\u0000b' })).status).toBe(400);
  });

  test('is for who is signed in', async () => {
    const stranger = host.browser();
    const answer = await stranger.get('/entries');
    expect([answer.status, answer.headers.location]).toEqual([303, '/sign-in?return_to=%2Fentries']);
    expect((await stranger.post('/entries', { text: 'x' })).status).toBe(403);
  });

  test('takes no form without its own token, with another’s, or from elsewhere', async () => {
    const bob = await host.browser().signUp('bob-forms');
    const bobs = hiddenFields((await bob.get('/entries')).text, '/entries');
    const mine = hiddenFields((await alice.get('/entries')).text, '/entries');
    expect((await alice.post('/entries', { text: 'forged' })).status).toBe(403);
    expect((await alice.post('/entries', { ...bobs, text: 'forged' })).status).toBe(403);
    expect((await alice.post('/entries', { ...mine, text: 'forged' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(
      403,
    );
    expect((await alice.get('/entries')).text).not.toContain('forged');
  });

  test('shows nobody else’s', async () => {
    await add({ text: 'only for alice', date: '' });
    const bob = await host.browser().signUp('bob');
    expect((await bob.get('/entries')).text).not.toContain('only for alice');
  });
});

describe('the page for developers', () => {
  test('names what programs can ask for, what they need for it, and what each refusal means', async () => {
    const { status, words } = await host.browser().get('/docs');
    expect(status).toBe(200);
    for (const operation of ['GET /api/entries', 'POST /api/entries', 'POST /token'])
      expect(words).toContain(operation);
    expect(words).toContain('Needs an access token bound to your key, and a DPoP proof');
    expect(words).toContain('The token is good, and not for this.');
  });
});

describe('GET /api/entries', () => {
  test('gives the owner’s entries, the newest day first, and nobody else’s', async () => {
    const bob = await host.browser().signUp('bob-api');
    await bob.submit('/entries', '/entries', { text: 'bob’s', date: '2030-01-01' });
    await add({ text: 'the newest', date: '2031-05-06' });
    const answer = await am.call(host, reader);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const entries = answer.json['entries'] as { id: string; text: string; date: string }[];
    expect(entries[0]).toEqual({ id: expect.stringMatching(/^ent_/), text: 'the newest', date: '2031-05-06' });
    expect(entries.map(({ text }) => text)).not.toContain('bob’s');
  });

  test('opens for no session and no missing, foreign or replayed proof', async () => {
    expect((await alice.get('/api/entries')).status).toBe(401);
    expect((await send(host.port, { path: '/api/entries' })).status).toBe(401);
    const proof = await am.proof(host, reader);
    expect((await am.call(host, reader, { proof })).status).toBe(200);
    const replay = await am.call(host, reader, { proof });
    expect([replay.status, replay.json['error']]).toEqual([401, 'invalid_dpop_proof']);
    const method = await am.call(host, reader, { proof: await am.proof(host, reader, 'POST') });
    expect([method.status, method.json['error']]).toEqual([401, 'invalid_dpop_proof']);
  });

  test('needs its scope', async () => {
    const answer = await am.call(host, writer);
    expect([answer.status, answer.json['error']]).toEqual([403, 'insufficient_scope']);
    expect(answer.headers['www-authenticate']).toContain('scope="entries.write entries.read"');
  });

  test('knows no other method', async () => {
    const answer = await send(host.port, { method: 'DELETE', path: '/api/entries' });
    expect([answer.status, answer.json['error']]).toEqual([405, 'invalid_request']);
  });
});

describe('POST /api/entries', () => {
  const post = (body: string, type?: string) =>
    am.call(host, writer, { method: 'POST', body, ...(type === undefined ? {} : { type }) });

  test('adds an entry for the owner', async () => {
    const answer = await post(JSON.stringify({ text: 'by the feed', date: '2026-07-08' }));
    expect([answer.status, answer.json]).toEqual([
      201,
      { id: expect.stringMatching(/^ent_/), text: 'by the feed', date: '2026-07-08' },
    ]);
    expect((await alice.get('/entries')).text).toContain('by the feed');
  });

  test.each([
    ['no JSON', 'text=x', 400],
    ['an empty body', '', 400],
    ['a list', '[]', 400],
    ['null', 'null', 400],
    ['a text', '"x"', 400],
    ['no text', '{}', 400],
    ['a text that is none', '{"text": 5}', 400],
    ['a text too long', JSON.stringify({ text: 'x'.repeat(2001) }), 400],
    ['a text with NUL', '{"text": "a\\u0000b"}', 400],
    ['half a character', '{"text": "a\\ud800b"}', 400],
    ['an owner', '{"text": "x", "owner": "somebody"}', 400],
    ['a member twice', '{"text": "x", "text": "y"}', 400],
    ['__proto__', '{"text": "x", "__proto__": {}}', 400],
    ['a day that is none', '{"text": "x", "date": "tomorrow"}', 400],
    ['a body too large', JSON.stringify({ text: 'x'.repeat(70_000) }), 413],
  ])('refuses %s', async (_name, body, status) => {
    const answer = await post(body);
    expect([answer.status, answer.json['error']]).toEqual([status, 'invalid_request']);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('refuses what is not JSON', async () => {
    expect((await post('text=x', 'application/x-www-form-urlencoded')).status).toBe(400);
    expect((await post('x', 'text/plain')).status).toBe(415);
  });

  test('needs its scope, and a token', async () => {
    const answer = await am.call(host, reader, { method: 'POST', body: '{"text":"x"}' });
    expect([answer.status, answer.json['error']]).toEqual([403, 'insufficient_scope']);
    const none = await send(host.port, {
      method: 'POST',
      path: '/api/entries',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"x"}',
    });
    expect(none.status).toBe(401);
  });

  test('takes one proof for one entry', async () => {
    const proof = await am.proof(host, writer, 'POST');
    const body = JSON.stringify({ text: 'only once' });
    expect((await am.call(host, writer, { method: 'POST', body, proof })).status).toBe(201);
    expect((await am.call(host, writer, { method: 'POST', body, proof })).status).toBe(401);
    const { rows } = await host.pool.query("select 1 from entry where text = 'only once'");
    expect(rows).toHaveLength(1);
  });
});

describe('what one account may keep', () => {
  test('has an end, for owner and Requesters, also when many come at once; removing makes room', async () => {
    await host.pool.query(`
      insert into entry (id, owner, text, date)
      select 'ent_filled_' || n, a.id, 'one of many', date '2020-01-01'
        from account a, generate_series(1, 1999 - (select count(*) from entry e, account o
        where e.owner = o.id and o.username = 'alice')) n
      where a.username = 'alice'`);
    const body = JSON.stringify({ text: 'the last' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => am.call(host, writer, { method: 'POST', body })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.json).toEqual({
      error: 'invalid_request',
      error_description: expect.stringContaining('as many entries here as one account may'),
    });
    const answer = await add({ text: 'one too many', date: '2026-01-02' });
    expect([answer.status, answer.words]).toEqual([
      409,
      expect.stringContaining('you keep 2000 photos here, and one account may not keep more. Remove one to make room.'),
    ]);
    expect(answer.text).toContain('>one too many</textarea>');
    const bob = await host.browser().signUp('bob-with-room');
    expect((await bob.submit('/entries', '/entries', { text: 'x', date: '' })).status).toBe(303);
    const hidden = hiddenFields((await alice.get('/entries')).text, '/entries/remove');
    expect((await alice.post('/entries/remove', hidden)).status).toBe(303);
    expect((await add({ text: 'again room', date: '' })).status).toBe(303);
  });
});
