import fs from 'node:fs';
import path from 'node:path';
import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { bodyOf, type Running, serve } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SHIPPED_DEFINITIONS } from '../src/definitions/load-definitions.ts';
import { TestAm } from './support/test-am.ts';
import { startBridge, startConnecting, type TestBridge } from './support/test-bridge.ts';

/** A server that answers as a service's public documentation says, in its own words. */
interface Documented extends Running {
  /** Method, path and query, and what each was authorized with. */
  readonly seen: string[];
}
type Answers = Readonly<Record<string, { status?: number; headers?: Record<string, string>; json: unknown }>>;

async function documented(answers: Answers): Promise<Documented> {
  const seen: string[] = [];
  const running = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const form = [...new URLSearchParams(body.toString()).keys()].toSorted().join(' ');
      seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? form}`);
      const {
        status = 200,
        headers = {},
        json,
      } = answers[`${request.method} ${url.pathname}`] ?? { status: 404, json: {} };
      response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
        .end(JSON.stringify(json));
    });
  });
  return { ...running, seen };
}

/** The definition that comes with the bridge, with its addresses on this machine. */
function localDefinition(id: string, port: number): string {
  const text = fs.readFileSync(path.join(SHIPPED_DEFINITIONS, `${id}.yaml`), 'utf8');
  const [facts = '', rest = ''] = text.split('\nscopes:\n');
  const [scopes = '', end = ''] = rest.split('\nsources:\n');
  const here = facts.replaceAll(/https:\/\/[a-z0-9.]+/g, `http://${id}.localhost:${port}`);
  return `${here}\nscopes:\n${scopes}\nsources:\n${end}`;
}

// docs.github.com: "Authorizing OAuth apps", "Get the authenticated user", "List repositories for the authenticated
// user"
const GITHUB: Answers = {
  'POST /login/oauth/access_token': {
    json: {
      access_token: 'gho_16C7e42F292c6912E7710c838347Ae178B4a',
      scope: 'repo,read:user,notifications',
      token_type: 'bearer',
    },
  },
  'GET /user': { json: { login: 'octocat', id: 1, node_id: 'MDQ6VXNlcjE=', name: 'monalisa octocat' } },
  'GET /user/repos': {
    headers: {
      'x-ratelimit-limit': '5000',
      'x-github-request-id': 'D03B:1A2B',
      link: '<https://api.github.com/user/repos?page=2>; rel="next"',
    },
    json: [{ id: 1_296_269, name: 'Hello-World', full_name: 'octocat/Hello-World', private: false }],
  },
};

// developers.google.com: "Using OAuth 2.0 for Web Server Applications"; the Calendar API's discovery document
const CALENDAR: Answers = {
  'POST /token': {
    json: {
      access_token: '1/fFAGRNJru1FTz70BzhT3Zg',
      expires_in: 3920,
      token_type: 'Bearer',
      scope: 'https://www.googleapis.com/auth/calendar.readonly',
      refresh_token: '1//xEoDL4iW3cxlI7yDbSRFYNG01kVKM2C-259HOF2aQbI',
    },
  },
  'GET /calendar/v3/calendars/primary': {
    json: { kind: 'calendar#calendar', id: 'ada@example.org', summary: 'ada@example.org', timeZone: 'Europe/Zurich' },
  },
  'GET /calendar/v3/calendars/ada%40example.org/events': {
    json: { kind: 'calendar#events', items: [{ id: 'abc', summary: 'Choir', start: { date: '2026-12-01' } }] },
  },
};

let embedded: Embedded;
let am: TestAm;
let github: Documented;
let calendar: Documented;
let bridge: TestBridge;
beforeAll(async () => {
  embedded = await sharedEmbedded();
  [am, github, calendar] = await Promise.all([TestAm.start(), documented(GITHUB), documented(CALENDAR)]);
  bridge = await startBridge({
    embedded,
    am,
    known: [
      { id: 'github', version: '2.0', port: github.port, definition: localDefinition('github', github.port) },
      {
        id: 'google-calendar',
        version: '2.0',
        port: calendar.port,
        definition: localDefinition('google-calendar', calendar.port),
      },
    ],
  });
});
afterAll(async () => {
  await Promise.all([bridge.close(), am.close(), github.close(), calendar.close()]);
  await embedded.stop();
});

/** Connects: what the service sends back is what its documentation shows. */
async function connect(id: string, more: Readonly<Record<string, string>> = {}) {
  const browser = await bridge.browser().signUp(`documented-${id}`);
  const address = new URL(await startConnecting(browser, id));
  const query = new URLSearchParams({
    ...more,
    code: '4/P7q7W91a-oMsCeLvIaQm6bTrgtp7',
    state: address.searchParams.get('state') ?? '',
  });
  const answer = await browser.get(`/services/${id}/callback?${query.toString()}`);
  return { browser, address, answer };
}

describe('GitHub, as its documentation says it answers', () => {
  test('is connected, with commas between the scopes granted, and read through the chain', async () => {
    // since April 2026 the answer names its issuer (RFC 9207), which is not the origin alone
    const { browser, address, answer } = await connect('github', {
      iss: `http://github.localhost:${github.port}/login/oauth`,
    });
    expect(address.searchParams.get('scope')).toBe('read:user repo notifications');
    expect(address.searchParams.get('code_challenge_method')).toBe('S256');
    expect(answer.headers.location).toBe('/services?connected=github');
    expect(github.seen.find((one) => one.startsWith('POST'))).toBe(
      'POST /login/oauth/access_token client_id client_secret code code_verifier grant_type redirect_uri',
    );
    expect((await browser.get('/services')).words).toContain('Account there octocat');
    const link = await am.link(bridge, browser);
    const token = await am.token(bridge, link, 'github:repos.read');
    const repos = await am.call(bridge, token, { path: '/api/github/user/repos?per_page=100' });
    expect([repos.status, JSON.parse(repos.text)]).toEqual([200, GITHUB['GET /user/repos']?.json]);
    expect(github.seen.at(-1)).toBe('GET /user/repos?per_page=100 Bearer gho_16C7e42F292c6912E7710c838347Ae178B4a');
    expect(repos.headers['x-ratelimit-limit']).toBe('5000');
    expect(repos.headers).not.toHaveProperty('x-github-request-id');
    const before = github.seen.length;
    const deleted = await am.call(bridge, token, { method: 'DELETE', path: '/api/github/repos/octocat/Hello-World' });
    expect([deleted.status, github.seen.length]).toEqual([404, before]);
  });

  test('that grants less than was asked for shares less', async () => {
    const less = github;
    Object.assign(GITHUB['POST /login/oauth/access_token']?.json as object, { scope: 'read:user,gist' });
    const browser = await bridge.browser().signUp('documented-less');
    const address = new URL(await startConnecting(browser, 'github'));
    await browser.get(`/services/github/callback?code=x&state=${address.searchParams.get('state')}`);
    const { words } = await browser.get('/services');
    expect(words).toContain('Not granted there See your repositories');
    expect(words).toContain('Granted there beside it gist (never used here)');
    expect((await am.link(bridge, browser)).ceiling).toBe('github:profile.read');
    expect(less.seen.length).toBeGreaterThan(0);
  });

  test('that says its error with status 200 is not connected', async () => {
    Object.assign(GITHUB['POST /login/oauth/access_token'] ?? {}, {
      json: { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' },
    });
    const browser = await bridge.browser().signUp('documented-bad');
    const address = new URL(await startConnecting(browser, 'github'));
    const answer = await browser.get(`/services/github/callback?code=x&state=${address.searchParams.get('state')}`);
    expect([answer.status, answer.words]).toEqual([400, expect.stringContaining('gave no answer that can be used')]);
  });
});

describe('Google Calendar, as its documentation says it answers', () => {
  test('is connected for offline access, by an answer that names its issuer, and read through the chain', async () => {
    const { browser, address, answer } = await connect('google-calendar', {
      iss: `http://google-calendar.localhost:${calendar.port}`,
      scope: 'https://www.googleapis.com/auth/calendar.readonly',
    });
    expect(Object.fromEntries(address.searchParams)).toMatchObject({ access_type: 'offline', prompt: 'consent' });
    expect(answer.headers.location).toBe('/services?connected=google-calendar');
    const token = await am.token(bridge, await am.link(bridge, browser), 'google-calendar:events.read');
    const path = '/api/google-calendar/calendar/v3/calendars/ada%40example.org/events?singleEvents=true';
    const events = await am.call(bridge, token, { path });
    expect([events.status, events.json['kind']]).toEqual([200, 'calendar#events']);
    expect(calendar.seen.at(-1)).toContain('Bearer 1/fFAGRNJru1FTz70BzhT3Zg');
  });

  test('is not connected by an answer that names another issuer (RFC 9207)', async () => {
    const browser = await bridge.browser().signUp('documented-mixed');
    const address = new URL(await startConnecting(browser, 'google-calendar'));
    const query = new URLSearchParams({
      iss: 'https://evil.example',
      code: 'x',
      state: address.searchParams.get('state') ?? '',
    });
    const before = calendar.seen.length;
    const answer = await browser.get(`/services/google-calendar/callback?${query.toString()}`);
    expect([answer.status, calendar.seen.length]).toEqual([400, before]);
  });
});
