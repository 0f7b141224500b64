import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hostTag, validateJwks, verifyJwt } from '@chatelaine/crypto';
import { Browser, send } from '@chatelaine/test-kit';
import { SCOPES, startTestHost, type TestHost } from './support/test-host.ts';
import { createWorld, makeLink, type Person, startLink, type World } from './support/world.ts';

let world: World;
let person: Person;
let other: TestHost;

beforeAll(async () => {
  other = await startTestHost('notes');
  world = await createWorld({ hosts: [other] });
  person = await world.person();
});
afterAll(async () => {
  await world.close();
  await other.stop();
});
beforeEach(() => {
  world.host.behaviour = {};
});
afterEach(async () => {
  await world.pool.query('delete from oauth_rate_limit');
});

const add = (address: string) => person.browser.submit('/hosts/add', '/hosts/add', { host: address });
const hosts = async (): Promise<string[]> =>
  (await world.pool.query<{ issuer: string }>('select issuer from host')).rows.map(({ issuer }) => issuer);

const NEUTRAL = 'is not a Host that can be linked, or could not be reached';

describe('adding a Host', () => {
  test('a link into the form only fills it in: nothing is fetched', async () => {
    const before = world.host.calls.length;
    const page = await person.browser.get(`/hosts/add?host=${encodeURIComponent(world.host.issuer)}`);
    expect(page.text).toContain(`value="${world.host.issuer}"`);
    expect(world.host.calls.length).toBe(before);
  });

  test('the answer is a page with a plain link to the Host, never a redirect', async () => {
    const page = await add(world.host.issuer);
    expect(page.status).toBe(200);
    expect(page.headers.location).toBeUndefined();
    expect(page.headers['content-security-policy']).toContain("form-action 'self'");
    const { authorizationUrl } = await startLink(person, world.host);
    const url = new URL(authorizationUrl);
    expect(url.origin).toBe(world.host.issuer);
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri']);
  });

  test('the Host is asked for transfer alone, with PKCE and all it can delegate, as the client made for it', async () => {
    await startLink(person, world.host);
    const form = world.host.callsOf('/par').at(-1)?.form;
    const tag = hostTag(world.host.issuer);
    expect(Object.fromEntries(form ?? [])).toMatchObject({
      scope: 'transfer',
      transfer_scope: Object.keys(SCOPES).join(' '),
      response_type: 'code',
      code_challenge_method: 'S256',
      client_id: `${world.issuer}/clients/${tag}`,
      redirect_uri: `${world.issuer}/callback/${tag}`,
    });
  });

  test('the client assertion is for this Host’s issuer only, one string, signed with a published key', async () => {
    await startLink(person, world.host);
    const form = world.host.callsOf('/par').at(-1)?.form;
    const published = validateJwks(JSON.parse((await send(world.am.port, { path: '/jwks' })).text));
    if (published.kind !== 'valid') throw new Error('not a key set');
    const verified = await verifyJwt({
      token: form?.get('client_assertion') ?? '',
      typ: 'client-authentication+jwt',
      keys: published.jwks,
      audience: world.host.issuer,
      issuer: form?.get('client_id') ?? '',
      clock: { now: () => Date.now() / 1000 },
      maxLifetimeSeconds: 60,
    });
    expect(verified).toMatchObject({ kind: 'valid', claims: { aud: world.host.issuer, sub: form?.get('client_id') } });
  });

  test.each([
    ['127.0.0.1'],
    ['http://127.0.0.1'],
    ['127.1'],
    ['0x7f000001'],
    ['2130706433'],
    ['0177.0.0.1'],
    ['127.0.0.1.'],
    ['１２７.0.0.1'],
    ['[::1]'],
    ['[::ffff:127.0.0.1]'],
    ['[fd00::1]'],
    ['169.254.169.254'],
    ['168.63.129.16'],
    ['100.64.0.1'],
    ['10.0.0.1'],
    ['localhost'],
    ['postgres'],
    ['metadata.google.internal'],
    ['nowhere.invalid'],
    ['my_photos.invalid'],
    ['photos.localhost:22'],
  ])('%s answers the neutral sentence, 400', async (address) => {
    const page = await add(address);
    expect(page.status).toBe(400);
    expect(page.words).toContain(NEUTRAL);
    expect(page.text).not.toMatch(/refused|ECONN|ENOTFOUND|guard|private|timeout/i);
  });

  test.each([
    ['ftp://photos.example'],
    ['file:///etc/passwd'],
    ['data:text/html,x'],
    ['gopher://x'],
    [''],
    ['a b'],
    ['https://user:pw@photos.example'],
    ['photos;x.example'],
    ["https://photos'x.example"],
  ])('%s is not an address, and nothing is looked up', async (address) => {
    const page = await add(address);
    expect(page.status).toBe(400);
    expect(page.words).toContain('not the address of a Host');
  });

  test('this AM’s own address, however it is spelled, is refused', async () => {
    const { port } = new URL(world.issuer);
    for (const spelled of [world.issuer, `AM.localhost:${port}`, `http://am.localhost.:${port}/`]) {
      const page = await add(spelled);
      expect(page.status).toBe(400);
      expect(page.words).toContain('is this service itself');
    }
    expect(await hosts()).not.toContain(world.issuer);
  });

  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`scope.${at}`, 'Read']));
  test.each<[string, (metadata: Record<string, unknown>) => unknown]>([
    ['another issuer than its address', (m) => ({ ...m, issuer: 'https://photos.example' })],
    ['its issuer with a slash', (m) => ({ ...m, issuer: `${String(m['issuer'])}/` })],
    ['no object', () => ['x']],
    ['nothing', () => null],
    // what no database takes
    ['a scope with NUL', (m) => ({ ...m, scopes_supported: ['a\0b'] })],
    ['half a character', (m) => ({ ...m, response_modes_supported: ['\ud800'] })],
    ['what is no scope as one to share', (m) => ({ ...m, chatelaine_transfer_scopes: { 'a\0b': 'Read' } })],
    ['more to share than can be asked for', (m) => ({ ...m, chatelaine_transfer_scopes: many(101) })],
    ['an array as issuer', (m) => ({ ...m, issuer: [m['issuer']] })],
  ])('a server that names %s gets the neutral sentence', async (_name, metadata) => {
    world.host.behaviour.metadata = metadata;
    const page = await add(world.host.issuer);
    expect(page.status).toBe(400);
    expect(page.words).toContain(NEUTRAL);
  });

  test.each<[string, (metadata: Record<string, unknown>) => unknown]>([
    ['token_endpoint', (m) => ({ ...m, token_endpoint: `${other.issuer}/token` })],
    ['authorization_endpoint', (m) => ({ ...m, authorization_endpoint: `${other.issuer}/authorize` })],
    [
      'pushed_authorization_request_endpoint',
      (m) => ({ ...m, pushed_authorization_request_endpoint: `${other.issuer}/par` }),
    ],
    ['revocation_endpoint', (m) => ({ ...m, revocation_endpoint: `${other.issuer}/revoke` })],
  ])('a Host that names another’s %s is refused and harvests no assertion', async (_name, metadata) => {
    const before = other.calls.length;
    world.host.behaviour.metadata = metadata;
    const page = await add(world.host.issuer);
    expect(page.status).toBe(400);
    expect(page.words).toContain('another address than its own');
    expect(other.calls.length).toBe(before);
  });

  test.each<[string, (metadata: Record<string, unknown>) => unknown]>([
    ['PKCE', (m) => ({ ...m, code_challenge_methods_supported: ['plain'] })],
    ['DPoP', (m) => ({ ...m, dpop_signing_alg_values_supported: undefined })],
    ['token exchange', (m) => ({ ...m, grant_types_supported: ['authorization_code', 'refresh_token'] })],
    ['the issuer in its', (m) => ({ ...m, authorization_response_iss_parameter_supported: false })],
  ])('a Host without %s is told what it lacks; nothing weaker is tried', async (lacks, metadata) => {
    const before = world.host.callsOf('/par').length;
    world.host.behaviour.metadata = metadata;
    const page = await add(world.host.issuer);
    expect(page.status).toBe(400);
    expect(page.words).toContain('not compatible');
    expect(page.words).toContain(lacks);
    expect(world.host.callsOf('/par').length).toBe(before);
  });

  test('a resource that is not the one fetched is refused', async () => {
    world.host.behaviour.resource = (resource) => ({ ...resource, resource: `${other.issuer}/api` });
    const page = await add(world.host.issuer);
    expect(page.status).toBe(400);
    expect(page.words).toContain('does not describe its own resources');
  });

  test('a Host that redirects is not followed', async () => {
    const before = other.calls.length;
    const real = other.behaviour;
    world.host.behaviour.par = () => ({ status: 307, headers: { location: `${other.issuer}/par` } });
    const page = await add(world.host.issuer);
    expect(page.status).toBe(400);
    expect(other.calls.length).toBe(before);
    other.behaviour = real;
  });

  test('what a Host calls itself is text on our pages, and cannot hide', async () => {
    world.host.behaviour.metadata = (m) => ({
      ...m,
      chatelaine_name: '<script>alert(1)</script>',
      chatelaine_transfer_scopes: { 'photos.read': '<img src=x onerror=alert(1)>' },
    });
    const page = await add(world.host.issuer);
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('<script>');
    expect(page.text).not.toContain('<img');
    world.host.behaviour.metadata = (m) => ({ ...m, chatelaine_name: 'G\u202eelgoo' });
    const turned = await add(world.host.issuer);
    expect(turned.status).toBe(400);
    expect(turned.text).not.toContain('elgoo');
  });

  test('a linked Host whose endpoints move is not silently followed; its row stays', async () => {
    await makeLink(world, person);
    const stored = async () =>
      (await world.pool.query('select metadata from host where issuer = $1', [world.host.issuer])).rows[0]?.metadata;
    const before = await stored();
    world.host.behaviour.metadata = (m) => ({ ...m, token_endpoint: `${world.host.issuer}/new-token` });
    const page = await add(world.host.issuer);
    expect(page.status).toBe(400);
    expect(page.words).toContain('have changed, while people are linked to it');
    expect(await stored()).toEqual(before);
  });

  test('two owners of one Host share its row and its client', async () => {
    const second = await world.person();
    await makeLink(world, person);
    await makeLink(world, second);
    const clients = world.host.callsOf('/par').map(({ form }) => form.get('client_id'));
    expect(new Set(clients).size).toBe(1);
    expect((await hosts()).filter((issuer) => issuer === world.host.issuer)).toHaveLength(1);
  });

  test('without its token, with another person’s token, or from another site, the form does nothing', async () => {
    const before = world.host.calls.length;
    const fields = { host: world.host.issuer };
    const stranger = await world.person();
    const theirs = /name="_csrf" value="([^"]+)"/.exec((await stranger.browser.get('/hosts/add')).text)?.[1] ?? '';
    const mine = /name="_csrf" value="([^"]+)"/.exec((await person.browser.get('/hosts/add')).text)?.[1] ?? '';
    const answers = await Promise.all([
      person.browser.post('/hosts/add', fields),
      person.browser.post('/hosts/add', { ...fields, _csrf: theirs }),
      person.browser.post('/hosts/add', { ...fields, _csrf: mine }, { 'sec-fetch-site': 'cross-site' }),
      person.browser.post('/hosts/add', { ...fields, _csrf: mine }, { origin: 'https://evil.example' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(world.host.calls.length).toBe(before);
  });

  test('nobody signed in is sent to sign in', async () => {
    const nobody = new Browser(world.am.port);
    expect((await nobody.get('/hosts/add')).headers.location).toMatch(/^\/sign-in\?/);
    const answer = await nobody.submit('/sign-in', '/hosts/add', { host: world.host.issuer });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toMatch(/^\/sign-in/);
  });
});

describe('how much may be tried', () => {
  test('an owner who typed ten addresses in an hour waits, at every process; others do not', async () => {
    const limits = { ...world.config.limits, hostsAddedPerHour: 10 };
    const [first, second] = [await world.replica({ limits }), await world.replica({ limits })];
    const eager = await world.person();
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++) {
      const at = eager.browser.at(n % 2 === 0 ? first.port : second.port);
      statuses.push((await at.submit('/hosts/add', '/hosts/add', { host: 'nowhere.invalid' })).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(400), 429]);
    const refused = await eager.browser.at(second.port).submit('/hosts/add', '/hosts/add', { host: world.host.issuer });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(
      (await person.browser.at(first.port).submit('/hosts/add', '/hosts/add', { host: world.host.issuer })).status,
    ).toBe(200);
    await first.close();
    await second.close();
  });

  test('an address where nothing fits takes the same time, whatever is there', async () => {
    const limits = { ...world.config.limits, discoveryFailureSeconds: 0.5 };
    const slow = await world.replica({ limits });
    const at = person.browser.at(slow.port);
    const times: number[] = [];
    world.host.behaviour.metadata = () => null;
    for (const address of [world.host.issuer, '10.0.0.1', 'nowhere.invalid']) {
      const started = performance.now();
      await at.submit('/hosts/add', '/hosts/add', { host: address });
      times.push(performance.now() - started);
    }
    expect(Math.min(...times)).toBeGreaterThanOrEqual(495);
    await slow.close();
  });
});
