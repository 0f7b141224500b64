import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { chatelaineHost } from '../src/index.ts';
import { type Answer, send, type Link } from '@chatelaine/test-kit';
import type { TestAm } from './support/test-am.ts';
import type { TestHost } from './support/test-host.ts';
import { createWorld, type World } from './support/world.ts';

// one Host that sends clients to either of two AMs; besides its own resource it has one for each AM

const PATHS = ['/one/entries', '/one', '/onerous/entries', '/two/entries', '/two/one/entries'];

let world: World;
let host: TestHost;
let link: Link;
let otherLink: Link;

beforeAll(async () => {
  world = await createWorld();
  const { am, otherAm } = world;
  host = await world.host({
    paths: PATHS,
    options: (issuer) => ({
      bearer: true,
      managers: [
        { issuer: am.issuer, resource: `${issuer}/one` },
        { issuer: otherAm.issuer, resource: `${issuer}/two` },
      ],
    }),
  });
  link = await am.link(host);
  otherLink = await otherAm.link(host);
});
afterAll(() => world.close());

const at = (path: string): string => `${host.issuer}${path}`;
const documentOf = (path: string) => send(host.port, { path: `/.well-known/oauth-protected-resource${path}` });

/** A bearer token, so that only its audience decides. */
async function tokenFor(path: string, { am, link }: { am: TestAm; link: Link }): Promise<Answer> {
  const claims = { resource: at(path), cnf: undefined, bearer: true };
  return am.transfer(host, { link, claims, form: { resource: at(path) } });
}

const get = (path: string, token: string) => send(host.port, { path, headers: { authorization: `Bearer ${token}` } });

test('each resource has its document: the AM first, the Host itself second', async () => {
  const servers = async (path: string) => {
    const { json } = await documentOf(path);
    return [json['resource'], json['authorization_servers']];
  };
  expect(await servers('/one')).toEqual([at('/one'), [world.am.issuer, host.issuer]]);
  expect(await servers('/two')).toEqual([at('/two'), [world.otherAm.issuer, host.issuer]]);
  expect(await servers('/api')).toEqual([at('/api'), [host.issuer]]);
  expect((await documentOf('')).status).toBe(404);
});

test('server metadata and the OpenAPI document name every resource', async () => {
  const { json } = await send(host.port, { path: '/.well-known/oauth-authorization-server' });
  expect(json['protected_resources']).toEqual([at('/api'), at('/one'), at('/two')]);
  const { paths } = (await send(host.port, { path: '/openapi.json' })).json as { paths: object };
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/api', '/one', '/two'].map((path) => `/.well-known/oauth-protected-resource${path}`)),
  );
});

test.each([
  ['/one/entries', '/one'],
  ['/one', '/one'],
  ['/one?from=2026', '/one'],
  ['/%6fne/entries', '/one'],
  ['/two/one/entries', '/two'],
  ['/onerous/entries', '/api'],
  ['/api/entries', '/api'],
])('a refusal at %s leads to the document of %s, for clients that know only Bearer, too', async (path, resource) => {
  const answer = await send(host.port, { path });
  expect(answer.status).toBe(401);
  const metadata = `resource_metadata="${host.issuer}/.well-known/oauth-protected-resource${resource}"`;
  expect(answer.headers['www-authenticate']).toBe(
    `Bearer scope="entries.read", ${metadata}, DPoP scope="entries.read", ${metadata}, algs="ES256 EdDSA Ed25519"`,
  );
});

describe('a token', () => {
  test('is minted for any of the resources, by either link', async () => {
    for (const path of ['/api', '/one', '/two']) {
      for (const by of [
        { am: world.am, link },
        { am: world.otherAm, link: otherLink },
      ]) {
        const answer = await tokenFor(path, by);
        expect([answer.status, answer.json['resource'], answer.json['iss']]).toEqual([200, at(path), host.issuer]);
      }
    }
    const nowhere = await tokenFor('/three', { am: world.am, link });
    expect([nowhere.status, nowhere.json['error']]).toEqual([400, 'invalid_target']);
  });

  test('opens the resource that it is for, and no other', async () => {
    const one = String((await tokenFor('/one', { am: world.am, link })).json['access_token']);
    const main = String((await tokenFor('/api', { am: world.am, link })).json['access_token']);
    const opened = async (token: string) => {
      const paths = ['/api/entries', '/%61pi/entries', '/%6fne/entries', ...PATHS];
      const answers = await Promise.all(paths.map((path) => get(path, token)));
      return paths.filter((_, index) => answers[index]?.status === 200);
    };
    expect(await opened(one)).toEqual(['/%6fne/entries', '/one/entries', '/one']);
    expect(await opened(main)).toEqual(['/api/entries', '/%61pi/entries', '/onerous/entries']);
  });
});

test('one AM can have the Host’s own resource', async () => {
  const single = await world.host({ options: { managers: [{ issuer: world.am.issuer }] } });
  const { json } = await send(single.port, { path: '/.well-known/oauth-protected-resource/api' });
  expect(json['authorization_servers']).toEqual([world.am.issuer, single.issuer]);
  const { json: metadata } = await send(single.port, { path: '/.well-known/oauth-authorization-server' });
  expect(metadata['protected_resources']).toEqual([`${single.issuer}/api`]);
});

test('clients find a document where they look, or a 404 that names the right one; any origin may read', async () => {
  const single = await world.host({ options: { managers: [{ issuer: world.am.issuer }] } });
  const right = `${single.issuer}/.well-known/oauth-protected-resource/api`;
  const headers = { origin: 'https://inspector.example' };
  const preflight = {
    ...headers,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'mcp-method',
  };
  for (const [path, resource] of [
    ['/.well-known/oauth-protected-resource/api', `${single.issuer}/api`],
    ['/api/.well-known/oauth-protected-resource', `${single.issuer}/api`],
    // for clients that know only the origin: an AM gives them tokens for it (PROTOCOL §6)
    ['/.well-known/oauth-protected-resource', single.issuer],
  ] as const) {
    const { status, json } = await send(single.port, { path, headers });
    expect([path, status, json['resource'], json['authorization_servers']]).toEqual([
      path,
      200,
      resource,
      [world.am.issuer, single.issuer],
    ]);
  }
  for (const path of [
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/api',
    '/.well-known/oauth-authorization-server/api',
    '/.well-known/oauth-protected-resource/elsewhere/deeper',
    '/api/.well-known/openid-configuration',
    '/api/.well-known/oauth-authorization-server',
  ]) {
    const answer = await send(single.port, { path, headers });
    expect([path, answer.status, answer.headers['access-control-allow-origin']]).toEqual([path, 404, '*']);
    expect([answer.headers.link, answer.json['error_description']]).toEqual([
      `<${right}>; rel="describedby"`,
      expect.stringContaining(right),
    ]);
    const asked = await send(single.port, { method: 'OPTIONS', path, headers: preflight });
    expect([path, asked.status, asked.headers['access-control-allow-headers']]).toEqual([
      path,
      204,
      expect.stringMatching(/Mcp-Method.*Mcp-Name.*Mcp-Session-Id.*Last-Event-ID/),
    ]);
  }
});

test('a Host that names no AM has no document for its origin, and says where its own is', async () => {
  const alone = await world.host({});
  const answer = await send(alone.port, { path: '/.well-known/oauth-protected-resource' });
  expect([answer.status, answer.headers.link]).toEqual([
    404,
    `<${alone.issuer}/.well-known/oauth-protected-resource/api>; rel="describedby"`,
  ]);
});

test('a refused client can be told to ask for more than the route at hand needs', async () => {
  const app = Fastify({ pluginTimeout: 0 });
  await app.register(chatelaineHost, {
    issuer: 'https://photos.example',
    name: 'Photos',
    pool: host.pool,
    scopes: { 'entries.read': 'Read your entries', 'entries.write': 'Add entries for you' },
    owner: () => null,
    signInUrl: () => '/sign-in',
    migrate: false,
  });
  const askFor = ['entries.read', 'entries.write'];
  app.get('/api/entries', { onRequest: app.chatelaine.requireScope('entries.read', { askFor }) }, async () => 'never');
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const { headers } = await send(Number(port), { path: '/api/entries' });
  expect(headers['www-authenticate']).toContain('scope="entries.read entries.write"');
  expect(() => app.chatelaine.requireScope('entries.read', { askFor: ['entries.burn'] })).toThrow('"entries.burn"');
  expect(() => app.chatelaine.requireScope([])).toThrow('needs a scope');
  await app.close();
});

test.each([
  ['its issuer is no issuer', [{ issuer: 'https://am.example/' }], 'issuer'],
  ['it is the Host itself', [{ issuer: 'https://photos.example' }], 'issuer'],
  ['its resource is elsewhere', [{ issuer: 'https://am.example', resource: 'https://am.example/api' }], 'origin'],
  ['it shares one', [{ issuer: 'https://am.example' }, { issuer: 'https://keys.example' }], 'Two managers'],
])('a manager is refused at start when %s', async (_, managers, sentence) => {
  const options = {
    issuer: 'https://photos.example',
    name: 'Photos',
    pool: host.pool,
    scopes: { 'entries.read': 'Read your entries' },
    owner: () => null,
    signInUrl: () => '/sign-in',
    migrate: false,
    managers,
  };
  await expect(Fastify({ pluginTimeout: 0 }).register(chatelaineHost, options)).rejects.toThrow(sentence);
});
