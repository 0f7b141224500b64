import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { createDiscoveryCache, type Discovery, type DocumentReader, discover, type ServerRole } from '../src/index.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer('host');
});
afterAll(() => server.close());
beforeEach(() => {
  server.metadata = {};
  server.resourceMetadata = {};
  server.handlers = {};
  server.received.length = 0;
});

const find = (role: ServerRole = 'host', issuer = server.issuer): Promise<Discovery> =>
  discover(server.deps, { issuer, role });
const reasonOf = (discovery: Discovery): string => (discovery.kind === 'failed' ? discovery.reason : 'found');

test('a compatible Host is found with its resources, kept for at least five minutes', async () => {
  const found = await find();
  expect(found).toMatchObject({
    kind: 'found',
    freshForSeconds: 300,
    resources: [{ resource: `${server.issuer}/api` }],
  });
});

test('an AM is found without asking it for resources', async () => {
  expect(await find('am')).toMatchObject({ kind: 'found', resources: [] });
  expect(server.received).toHaveLength(1);
});

test('an issuer that is not exactly the address is refused', async () => {
  for (const issuer of ['http://evil.localhost', `${server.issuer}/`, server.issuer.replace('host', 'HOST')]) {
    server.metadata = { issuer };
    expect(reasonOf(await find())).toBe('other_issuer');
  }
});

test('an endpoint on another origin is refused, whichever it is', async () => {
  const endpoints = [
    'authorization',
    'token',
    'pushed_authorization_request',
    'revocation',
    'registration',
    'introspection',
  ];
  for (const name of endpoints) {
    for (const url of ['http://evil.localhost/x', `${server.issuer}.evil.example/x`, 'javascript:alert(1)', '//x']) {
      server.metadata = { [`${name}_endpoint`]: url };
      expect([name, url, reasonOf(await find())]).toEqual([name, url, 'foreign_endpoint']);
    }
  }
  server.metadata = { token_endpoint: `http://u:p@${server.issuer.slice(7)}/token` };
  expect(reasonOf(await find())).toBe('foreign_endpoint');
});

describe('a server that lacks what we need is not compatible, with no fallback', () => {
  const everyServer: readonly Record<string, unknown>[] = [
    { code_challenge_methods_supported: undefined },
    { code_challenge_methods_supported: ['plain'] },
    { pushed_authorization_request_endpoint: undefined },
    { authorization_response_iss_parameter_supported: undefined },
    { authorization_response_iss_parameter_supported: false },
    { grant_types_supported: ['authorization_code', 'refresh_token'] },
    { dpop_signing_alg_values_supported: undefined },
    { dpop_signing_alg_values_supported: ['RS256'] },
    { revocation_endpoint: undefined },
    { response_types_supported: ['token'] },
  ];
  const everyHost: readonly Record<string, unknown>[] = [
    { token_endpoint_auth_methods_supported: ['client_secret_basic', 'none'] },
    { token_endpoint_auth_signing_alg_values_supported: ['RS256'] },
    { client_id_metadata_document_supported: undefined },
    { protected_resources: undefined },
    { protected_resources: [] },
  ];
  const everyAm: readonly Record<string, unknown>[] = [
    { chatelaine_targets_endpoint: undefined },
    { client_id_metadata_document_supported: false, registration_endpoint: undefined },
  ];
  const named = (role: ServerRole) => (lacking: Record<string, unknown>) => {
    const [[member, value] = ['', null]] = Object.entries(lacking);
    return [role, `${member}: ${JSON.stringify(value) ?? 'absent'}`, lacking] as const;
  };
  const cases = [
    ...[...everyServer, ...everyHost].map(named('host')),
    ...[...everyServer, ...everyAm].map(named('am')),
  ];
  test.each(cases)('%s with %s', async (role, _label, lacking) => {
    server.metadata = lacking;
    const discovery = await find(role);
    expect(reasonOf(discovery)).toBe('not_compatible');
    const whatItIsNot =
      role === 'am' ? 'not the address of an authorization manager that fits' : 'The service is not compatible';
    expect(discovery).toMatchObject({ sentence: expect.stringContaining(`${whatItIsNot}: it lacks`) });
  });
});

test('every outcome of a fetch reads the same to the person who typed the address', async () => {
  const answers: (() => void)[] = [
    () => undefined,
    () =>
      (server.handlers['/.well-known/oauth-authorization-server'] = (reply) => reply.type('text/html').send('<p>hi')),
    () =>
      (server.handlers['/.well-known/oauth-authorization-server'] = (reply) => reply.redirect('http://evil.localhost')),
    () => (server.handlers['/.well-known/oauth-authorization-server'] = (reply) => reply.code(500).send({})),
    () => (server.handlers['/.well-known/oauth-authorization-server'] = (reply) => reply.send([])),
    () => (server.metadata = { issuer: 'http://other.localhost' }),
    () => (server.metadata = { token_endpoint: 7 }),
  ];
  const sentences = new Set<string>();
  for (const [index, answer] of answers.entries()) {
    answer();
    const discovery = await find('host', index === 0 ? 'http://nobody.localhost:9' : server.issuer);
    sentences.add(discovery.kind === 'failed' ? discovery.sentence : 'found');
  }
  expect([...sentences]).toEqual(['No service that fits was found at this address.']);
});

test('an address that is not a canonical issuer, or http where only https is accepted, is never fetched', async () => {
  for (const issuer of [`${server.issuer}/`, 'ftp://x', 'host', ''])
    expect(reasonOf(await find('host', issuer))).toBe('bad_issuer');
  const strict = { ...server.deps, schemes: ['https'] as const };
  expect(reasonOf(await discover(strict, { issuer: server.issuer, role: 'host' }))).toBe('bad_issuer');
  expect(server.received).toHaveLength(0);
});

test('a resource may name an AM before the Host', async () => {
  server.resourceMetadata = { authorization_servers: ['https://am.example', server.issuer] };
  const found = await find();
  expect(found).toMatchObject({
    kind: 'found',
    resources: [{ authorization_servers: ['https://am.example', server.issuer] }],
  });
});

test('a resource with another identifier, origin or authorization server is refused', async () => {
  server.resourceMetadata = { resource: `${server.issuer}/api/` };
  expect(reasonOf(await find())).toBe('bad_resource');
  server.resourceMetadata = { authorization_servers: ['http://evil.localhost'] };
  expect(reasonOf(await find())).toBe('bad_resource');
  server.resourceMetadata = {};
  for (const [resource, detail] of [
    ['http://evil.localhost/api', 'foreign'],
    [`${server.issuer}/api?x=1`, 'foreign'],
    [`${server.issuer}/other`, 'bad_status'],
  ]) {
    server.metadata = { protected_resources: [resource] };
    expect(await find()).toMatchObject({ reason: 'bad_resource', detail });
  }
  server.metadata = { protected_resources: Array.from({ length: 11 }, () => `${server.issuer}/api`) };
  expect(reasonOf(await find())).toBe('bad_resource');
});

test('all documents of a server share one deadline, after which it is refused', async () => {
  const resources = Array.from({ length: 10 }, (_, n) => `${server.issuer}/api${n}`);
  server.metadata = { protected_resources: resources };
  const held: (() => void)[] = [];
  for (const n of resources.keys())
    server.handlers[`/.well-known/oauth-protected-resource/api${n}`] = async (reply) => {
      await new Promise<void>((resolve) => held.push(resolve));
      await reply.code(404).send();
    };
  const found = await discover({ ...server.deps, discoverySeconds: 0.2 }, { issuer: server.issuer, role: 'host' });
  expect(found).toMatchObject({ reason: 'bad_resource', detail: 'too slow' });
  await eventually(() => held.length === resources.length);
  for (const release of held) release();
});

describe('the cache', () => {
  const input = () => ({ issuer: server.issuer, role: 'am' as const });
  const withClock = () => {
    let now = 1000;
    const cache = createDiscoveryCache({ ...server.deps, clock: { now: () => now } });
    return { cache, pass: (seconds: number) => (now += seconds) };
  };

  test('fetches once while fresh, once for concurrent callers, and again afterwards', async () => {
    const { cache, pass } = withClock();
    await Promise.all([cache.discover(input()), cache.discover(input())]);
    pass(299);
    await cache.discover(input());
    expect(server.received).toHaveLength(1);
    pass(1);
    await cache.discover(input());
    expect(server.received).toHaveLength(2);
  });

  test('keeps nothing for longer than a day, whatever the server says', async () => {
    server.handlers['/.well-known/oauth-authorization-server'] = async (reply) => {
      const { goodMetadata } = await import('./support/server.ts');
      reply.header('cache-control', 'max-age=99999999').send(goodMetadata(server.issuer));
    };
    const { cache, pass } = withClock();
    await cache.discover(input());
    pass(86_400);
    await cache.discover(input());
    expect(server.received).toHaveLength(2);
  });

  test('a failed refresh leaves the last answer in use for a day, and no longer', async () => {
    const { cache, pass } = withClock();
    await cache.discover(input());
    server.metadata = { issuer: 'http://evil.localhost' };
    pass(3600);
    expect(await cache.discover(input())).toMatchObject({ kind: 'found', metadata: { issuer: server.issuer } });
    pass(86_400);
    expect(reasonOf(await cache.discover(input()))).toBe('other_issuer');
  });

  test('takes a bounded amount of memory, however many servers strangers name and whatever those say', async () => {
    const { goodMetadata } = await import('./support/server.ts');
    const maxBytes = 65_536;
    const cache = createDiscoveryCache({ ...server.deps, clock: { now: () => 1000 } }, { maxBytes });
    const reader: DocumentReader = {
      fetchJson: async ({ url }) => ({ kind: 'ok', json: goodMetadata(new URL(url).origin), freshForSeconds: 0 }),
    };
    for (let n = 0; n < 200; n += 1) {
      const issuer = `https://h${n}.example`;
      expect(await cache.discover({ issuer, role: 'am' }, reader)).toMatchObject({ kind: 'found' });
    }
    expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
    expect(cache.bytes).toBeGreaterThan(maxBytes / 2);
  });

  test('a forgotten entry is fetched again', async () => {
    const { cache } = withClock();
    await cache.discover(input());
    cache.forget(input());
    await cache.discover(input());
    expect(server.received).toHaveLength(2);
  });
});
