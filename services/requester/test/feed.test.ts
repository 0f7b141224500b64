import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser } from './support/browser.ts';
import { openBrowser } from './support/browser.ts';
import { connectAm, signUp, startWorld, type World } from './support/world.ts';

let world: World;
let origin: string;
let browser: Browser;
beforeAll(async () => {
  world = await startWorld();
  origin = await world.start();
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
  const page = await openBrowser(origin).get('/');
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
