import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { Browser, patience } from '@chatelaine/test-kit';
import { pieces } from './support/pieces.ts';
import { connectAm, ISSUER, signUp, startWorld, type World } from './support/world.ts';

let world: World;
let origin: string;
/** The same with little patience. */
let hasty: string;
let browser: Browser;
beforeAll(async () => {
  world = await startWorld();
  [origin, hasty] = [await world.start(), await world.start({ FEED_SECONDS: '2' })];
});
afterAll(() => world.close());
beforeEach(async () => {
  const { house } = world;
  house.on = {};
  house.refusal = {};
  house.asked.length = 0;
  house.entries = {
    photos: [
      { id: '1', text: 'A lake', date: '2026-03-01T10:00:00Z' },
      { id: '2', text: 'A hill', date: '2026-05-01T10:00:00Z' },
    ],
    notes: [{ id: '1', text: 'Buy milk', date: '2026-04-01T10:00:00+02:00' }],
  };
  browser = await signUp(origin);
  await connectAm(house, browser);
  house.received.length = 0;
});

test('a visitor sees what this is, and no feed', async () => {
  const page = await new Browser(origin).get('/');
  expect(page.words).toContain('Create an account');
  expect(world.house.received).toHaveLength(0);
});

test('somebody not connected is told where to start', async () => {
  expect((await (await signUp(origin)).get('/')).words).toContain('Connect my authorization manager');
});

test('entries of all Hosts are merged, newest first, each with where it is from', async () => {
  const { words } = await browser.get('/');
  const order = ['A hill', 'Photos', 'Buy milk', 'Notes', 'A lake'].map((text) =>
    words.indexOf(text, words.indexOf('A hill')),
  );
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order).not.toContain(-1);
});

test('a second look takes the same tokens', async () => {
  await browser.get('/');
  await browser.get('/');
  expect([world.house.count('am /transfers'), world.house.count('am /token')]).toEqual([1, 0]);
});

describe('trouble with one Host is a sentence, and the other Host is still shown', () => {
  const cases: [string, { status?: number; json: unknown }, RegExp][] = [
    [
      'a rule says no',
      { status: 400, json: { error: 'access_denied', denied_by: 'am' } },
      /You do not allow this.*Photos/,
    ],
    [
      'the Host says no',
      { status: 400, json: { error: 'access_denied', denied_by: 'host' } },
      /Photos itself does not allow/,
    ],
    ['not linked any more', { status: 400, json: { error: 'invalid_target' } }, /does not offer Photos/],
    ['not chosen', { status: 400, json: { error: 'invalid_scope' } }, /may not ask Photos/],
    [
      'the Host is down',
      { status: 504, json: { error: 'temporarily_unavailable' } },
      /Photos does not answer at the moment/,
    ],
    [
      'the AM is busy',
      { status: 503, json: { error: 'temporarily_unavailable' } },
      /Your authorization manager does not answer/,
    ],
    ['the AM talks nonsense', { status: 200, json: ['what?'] }, /Your authorization manager answered something/],
  ];
  test.each(cases)('%s', async (_name, answer, sentence) => {
    world.house.refusal[world.house.resource('photos')] = answer;
    const { words, status } = await browser.get('/');
    expect(status).toBe(200);
    expect(words).toMatch(sentence);
    expect(words).toContain('Buy milk');
    expect(words).not.toContain('A lake');
  });

  test('a decision is wanted: a link to the AM', async () => {
    const interaction_uri = `${world.house.am}/asks/1`;
    world.house.refusal[world.house.resource('photos')] = {
      status: 400,
      json: { error: 'interaction_required', interaction_uri },
    };
    const { words, text } = await browser.get('/');
    expect(words).toContain('Photos waits for your decision');
    expect(text).toContain(`href="${interaction_uri}"`);
    expect(words).toContain('Buy milk');
  });

  const answers: [string, { status?: number; json?: unknown }, RegExp][] = [
    ['refuses', { status: 403, json: { error: 'insufficient_scope' } }, /Photos itself refused/],
    ['fails', { status: 500, json: {} }, /Photos cannot answer at the moment/],
    ['answers nonsense', { json: { entries: [{ id: 1 }] } }, /Photos answered something/],
    [
      'answers a bad date',
      { json: { entries: [{ id: '1', text: 'x', date: 'yesterday' }] } },
      /Photos answered something/,
    ],
    [
      'answers too much',
      { json: { entries: [{ id: '1', text: 'x'.repeat(20_000), date: '2026-01-01' }] } },
      /Photos answered something/,
    ],
  ];
  test.each(answers)('the Host %s', async (_name, answer, sentence) => {
    world.house.on['photos /api/entries'] = () => answer;
    const { words, status } = await browser.get('/');
    expect(status).toBe(200);
    expect(words).toMatch(sentence);
    expect(words).toContain('Buy milk');
  });
});

test('an ended connection says how to repair it', async () => {
  world.house.on['am /targets'] = () => ({ status: 401, json: { error: 'invalid_token' } });
  world.house.on['am /token'] = () => ({ status: 400, json: { error: 'invalid_grant' } });
  expect((await browser.get('/')).words).toContain('has ended. Connect again');
  expect((await browser.get('/connections')).words).toContain('has ended there');
});

test('nothing is asked for what this app keeps itself, which is shown as its own', async () => {
  const own = {
    resource: `${ISSUER}/api`,
    issuer: ISSUER,
    name: 'Lifestream',
    account: 'mine',
    scopes: [{ scope: 'entries.read', answer: 'allow' }],
  };
  const { targets } = world.house.targets();
  world.house.on['am /targets'] = () => ({ json: { targets: [...targets, own] } });
  const { words } = await browser.get('/');
  expect(words).toContain('Buy milk');
  expect(words).not.toContain('Not in here');
  expect(world.house.received.some(({ body }) => body.includes(own.resource))).toBe(false);
  expect((await browser.get('/connections')).words).toMatch(/Kept here: see My posts/);
});

test('what Hosts and the AM send is shown inert', async () => {
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  world.house.entries = { photos: [{ id: evil, text: evil, date: '2026-01-01T00:00:00Z' }] };
  const scopes = ['entries.read', 'entries.write', evil].map((scope) => ({ scope, answer: 'allow' }));
  const target = { resource: world.house.resource('photos'), issuer: evil, name: evil, account: evil, scopes };
  world.house.on['am /targets'] = () => ({ json: { targets: [target] } });
  for (const path of ['/', '/connections']) {
    const { text } = await browser.get(path);
    expect(text).toContain('alert(1)');
    expect(text).not.toMatch(/<script|<img/);
  }
});

/** A page as it arrives: what there is of it once it holds `text`. */
function reading(pieces: AsyncIterator<string>) {
  let seen = '';
  return async (text: string): Promise<string> => {
    while (!seen.includes(text)) {
      const { value, done } = await pieces.next();
      if (done === true) throw new Error(`It ended without ${text}: ${seen}`);
      seen += value;
    }
    return seen;
  };
}
/** Holds a Host's answer back. */
function hold(path: string) {
  const held = Promise.withResolvers<ServerResponse>();
  world.house.on[path] = () => ({ raw: (response) => held.resolve(response) });
  return held.promise;
}
const answer = (response: ServerResponse, json: unknown) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(json));

describe('the feed comes as it comes about', () => {
  test('its head before any Host or the AM has said a word, a row for each Host once it has answered, then the entries', async () => {
    const [targets, notes] = [hold('am /targets'), hold('notes /api/entries')];
    const until = reading(pieces(browser, '/'));
    const head = await until('Asking your authorization manager');
    expect(head).not.toContain('What is new?');
    const list = await targets;
    delete world.house.on['am /targets'];
    const good = world.house.targets();
    answer(list, good);
    expect(await until('Asking 2 Hosts')).toContain('What is new?');
    const one = await until('1 of 2');
    expect(one).toContain('Photos');
    expect(one).not.toContain('A lake');
    answer(await notes, { entries: world.house.entries['notes'] });
    const all = await until('</html>');
    expect(all.indexOf('2 of 2')).toBeGreaterThan(all.indexOf('1 of 2'));
    expect(all.indexOf('A lake')).toBeGreaterThan(all.indexOf('Buy milk'));
    expect(all.indexOf('Buy milk')).toBeGreaterThan(all.indexOf('2 of 2'));
  });

  test('a Host that does not answer is named when the time is up, and costs nothing but its own entries', async () => {
    const quick = browser.at(hasty);
    void hold('notes /api/entries');
    const started = performance.now();
    const page = await quick.get('/');
    // its own time for the feed, and not the five seconds that one call may take
    expect(performance.now() - started).toBeLessThan(patience(4.8));
    expect(page.words).toMatch(/Notes not reached kim.*Notes has not answered within 2 seconds/);
    expect(page.words).toMatch(/Not in here: Notes/);
    expect(page.words).toContain('A lake');
    expect(page.text.endsWith('</html>')).toBe(true);
  });

  test('an AM whose answers never come costs no more time than that', async () => {
    const quick = browser.at(hasty);
    const waiting = hold('am /transfers');
    const page = quick.get('/');
    const response = await waiting;
    const closed = new Promise((resolve) => response.once('close', resolve));
    expect((await page).words).toMatch(/Photos has not answered.*Notes has not answered/);
    await closed;
  });

  test('whoever leaves ends the calls made for them', async () => {
    const waiting = hold('am /transfers');
    const arriving = pieces(browser, '/');
    await reading(arriving)('Asking 2 Hosts');
    const response = await waiting;
    const closed = new Promise((resolve) => response.once('close', resolve));
    await arriving.return(undefined);
    await closed;
  });

  test('many Hosts are read a few at a time, and 400 entries are enough', async () => {
    const targets = Array.from({ length: 30 }, (_, index) => ({
      ...world.house.targets().targets[0],
      resource: `${world.house.resource('photos')}/${index}`,
    }));
    world.house.on['am /targets'] = () => ({ json: { targets } });
    let [now, most] = [0, 0];
    const entries = Array.from({ length: 20 }, (_, index) => ({
      id: String(index),
      text: `entry ${index}`,
      date: '2026-01-01',
    }));
    for (const index of targets.keys())
      world.house.on[`photos /api/${index}/entries`] = async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
        return { json: { entries } };
      };
    const page = await browser.get('/');
    expect(page.words.match(/Photos kim · \d+ of 30 shown/g)).toHaveLength(30);
    expect(page.words.match(/entry \d+/g)).toHaveLength(400);
    expect(page.words).toContain('The newest 400 entries are shown; 200 older ones are at your Hosts.');
    expect([world.house.count('am /transfers'), world.house.count('am /token')]).toEqual([1, 0]);
    expect(most).toBeLessThanOrEqual(8);
  });

  test('connected twice, a Host is two rows, each read with its own key, and what it keeps is shown once', async () => {
    await connectAm(world.house, browser);
    const page = await browser.get('/');
    expect(page.words.match(/Photos kim · \d of 4 shown/g)).toHaveLength(2);
    expect(page.words.match(/A lake/g)).toHaveLength(1);
    expect(page.words.match(/the same, over a second connection/g)).toHaveLength(2);
    expect(world.house.count('am /transfers')).toBe(2);
  });

  test('under the same policy as every page: nothing but our own style, pictures and forms', async () => {
    const { headers, text } = await browser.get('/');
    expect(headers['content-security-policy']).toBe(
      "default-src 'none';style-src 'self';img-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
    );
    expect([headers['cache-control'], headers['content-type']]).toEqual(['no-store', 'text/html; charset=utf-8']);
    expect(text).not.toMatch(/<script|style="|\son\w+="/);
  });
});
