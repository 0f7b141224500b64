import http from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateSigningKey, mintToken } from '@chatelaine/crypto';
import { BATCH } from '@chatelaine/protocol';
import fc from 'fast-check';
import type { Answer } from '@chatelaine/test-kit';
import { ALL_WELL, House, type Story } from './support/house.ts';
import { answersOf, type Item, batch, type BatchInput, batchRequest, streamed, told } from './support/batch.ts';
import { exchange, type TransferInput } from './support/requester.ts';
import { gate } from './support/scripted-host.ts';

let house: House;
let story: Story;

const item = (id = 'a'): Item => ({ id, resource: house.host.resource, scope: 'photos.read' });
/** Costs nothing at a Host. */
const nowhere = (count: number): Item[] =>
  Array.from({ length: count }, (_, n) => ({ id: `i${n}`, resource: 'http://nobody.localhost:1/api', scope: 'x' }));
const call = (input: BatchInput = {}, by = story): Promise<Answer> => batch(house, by, { items: [item()], ...input });
const errorOf = ({ status, json }: Answer): string => `${status} ${String(json['error'])}`;
const statusOf = (answers: readonly Answer[]) => answers.map(({ status }) => status);

beforeAll(async () => {
  house = await House.build({ transfers: { perConnection: { name: 'transfers', points: 1_000_000, perSeconds: 60 } } });
  story = await house.story({ 'photos.read': 'allow' });
});
beforeEach(() => house.host.reset());
afterAll(async () => {
  const audit = await house.audit();
  await house.close();
  expect(audit).toEqual(ALL_WELL);
});

describe('a batch call that is not its Requester’s', () => {
  it('is refused as a whole, and begins nothing: tokens, keys, proofs and clients that are others’', async () => {
    const other = await house.beside(story, { 'photos.read': 'allow' });
    const keyless = await house.beside(story, { 'photos.read': 'allow' }, { keys: 'none' });
    const withoutGrant = await house.beside(
      story,
      { 'photos.read': 'allow' },
      { grantTypes: ['authorization_code', 'refresh_token'] },
    );
    const stopped = await house.beside(story, { 'photos.read': 'allow' });
    await stopped.owner.browser.submit('/requesters', `/requesters/${stopped.connection.id}/stop`);
    const { accessToken, refreshToken } = story.connection;
    const proof = (path: string, over = {}) => story.requester.proof(path, { accessToken, ...over });
    const tries: Record<string, [Promise<Answer>, string]> = {
      'no token': [call({ headers: { authorization: '' } }), '401 invalid_token'],
      'as Bearer': [call({ headers: { authorization: `Bearer ${accessToken}` } }), '401 invalid_token'],
      'client authentication in the header': [call({ headers: { authorization: 'Basic eDp5' } }), '401 invalid_token'],
      'two tokens': [
        call({ headers: { authorization: [`DPoP ${accessToken}`, `DPoP ${accessToken}`] as never } }),
        '400 invalid_request',
      ],
      'a refresh token': [call({ token: refreshToken }), '401 invalid_token'],
      'a token nobody has': [call({ token: mintToken('ct', 5) }), '401 invalid_token'],
      'a link token': [call({ token: mintToken('lt', 5) }), '401 invalid_token'],
      'a stopped connection’s': [call({}, stopped), '401 invalid_token'],
      'another client’s token and key': [
        call({ token: other.connection.accessToken, key: other.requester.key }),
        '401 invalid_token',
      ],
      'another client’s token, own key': [call({ token: other.connection.accessToken }), '401 invalid_token'],
      'another key': [call({ key: generateSigningKey() }), '401 invalid_token'],
      'no proof': [call({ proofs: [] }), '401 invalid_dpop_proof'],
      'two proofs': [
        call({ proofs: [await proof('/transfers'), await proof('/transfers')] }),
        '401 invalid_dpop_proof',
      ],
      'a proof for hop 1': [call({ proofs: [await proof('/token')] }), '401 invalid_dpop_proof'],
      'a proof for GET': [call({ proofs: [await proof('/transfers', { htm: 'GET' })] }), '401 invalid_dpop_proof'],
      'a proof without ath': [call({ proofs: [await story.requester.proof('/transfers')] }), '401 invalid_dpop_proof'],
      'no client authentication': [call({ body: JSON.stringify({ transfers: [item()] }) }), '401 invalid_client'],
      'only a name': [
        call({ body: JSON.stringify({ transfers: [item()], client_id: story.requester.clientId }) }),
        '401 invalid_client',
      ],
      'another’s name': [call({ members: { client_id: other.requester.clientId } }), '401 invalid_client'],
      'an assertion for elsewhere': [
        call({ members: { client_assertion: await story.requester.assertion({ aud: house.host.issuer }) } }),
        '401 invalid_client',
      ],
      'no keys, and another’s name': [
        call({ members: { client_id: story.requester.clientId } }, keyless),
        '401 invalid_client',
      ],
      'a client without the grant': [call({}, withoutGrant), '400 unauthorized_client'],
    };
    for (const [what, [answer, expected]] of Object.entries(tries)) {
      const seen = await answer;
      expect([what, errorOf(seen)]).toEqual([what, expected]);
      expect(seen.headers['cache-control']).toBe('no-store');
      if (expected.includes('invalid_token')) expect(seen.headers['www-authenticate']).toContain('DPoP error=');
    }
    expect(house.host.hops).toEqual([]);
    expect(statusOf([await call(), await call({}, keyless)])).toEqual([200, 200]);
  });

  it('sent again, whole or in parts, at any process, or many times at once, is served once', async () => {
    const { port: _port, ...sent } = await batchRequest(house, story, { items: [item()] });
    const at = (n: number) => exchange(house.ams[n % 2]?.port ?? 0, sent);
    const race = await Promise.all(Array.from({ length: 6 }, (_, n) => at(n)));
    expect(race.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(race.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(errorOf(await at(1))).toMatch(/^401 invalid_(client|dpop_proof)$/);
    const { dpop } = sent.headers;
    expect(errorOf(await call({ proofs: dpop as string[] }))).toBe('401 invalid_dpop_proof');
    const { client_assertion } = JSON.parse(sent.body) as Record<string, string>;
    expect(errorOf(await call({ members: { client_assertion } }))).toBe('401 invalid_client');
    expect(house.host.hops).toHaveLength(1);
  });
});

describe('a body', () => {
  const good = async () => JSON.stringify({ transfers: [item()], ...(await story.requester.authentication()) });
  const withItem = (over: object) => call({ members: { transfers: [{ ...item(), ...over }] } });

  it.each<[string, () => Promise<Answer>]>([
    ['that is no JSON', () => call({ body: '{"transfers":' })],
    ['that is empty', () => call({ body: '' })],
    ['that is a list', () => call({ body: '[]' })],
    ['that is null', () => call({ body: 'null' })],
    ['with a member twice', async () => call({ body: (await good()).replace('{', '{"transfers":[],') })],
    ['with a member of an item twice', async () => call({ body: (await good()).replace('[{', '[{"id":"b",') })],
    ['with a byte order mark', async () => call({ body: `\ufeff${await good()}` })],
    ['without transfers', () => call({ members: { transfers: undefined } })],
    ['with none', () => call({ members: { transfers: [] } })],
    ['with one too many', () => call({ items: nowhere(BATCH.items + 1) })],
    ['with the same id twice', () => call({ items: [item(), item()] })],
    ['with an id that is too long', () => withItem({ id: 'x'.repeat(BATCH.idChars + 1) })],
    ['with an empty id', () => withItem({ id: '' })],
    ['with an id that cannot be seen', () => withItem({ id: 'a\u0000' })],
    ['with an id that is a number', () => withItem({ id: 1 })],
    ['with a resource that is a list', () => withItem({ resource: [house.host.resource] })],
    ['without scope', () => withItem({ scope: undefined })],
    ['that names a key', () => withItem({ cnf: { jkt: 'x' } })],
    ['that names another token', () => withItem({ subject_token: mintToken('ct', 5) })],
    ['that names another key for all', () => call({ members: { jkt: 'x' } })],
    ['with a client secret', () => call({ members: { client_secret: 'x' } })],
    ['with a client_id that cannot be seen', () => call({ members: { client_id: 'a\u0000b' } })],
    ['with another completion_mode', () => call({ members: { completion_mode: 'sometime' } })],
  ])('%s is refused as a whole', async (_what, send) => {
    const { status, json } = await send();
    expect({ status, ...json }).toEqual({
      status: 400,
      error: 'invalid_request',
      error_description: expect.any(String),
    });
    expect(house.host.hops).toEqual([]);
  });

  it('may not be larger than two hundred items need, of another type, or sent otherwise', async () => {
    const big = { ...item(), actor_token: 'x'.repeat(8000) };
    const items = Array.from({ length: 70 }, (_, n) => ({ ...big, id: `i${n}` }));
    expect(
      statusOf([
        await call({ items }),
        await call({ headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
        await call({ headers: { 'content-type': 'text/plain' } }),
        await exchange(house.ams[0].port, { method: 'GET', path: '/transfers' }),
      ]),
    ).toEqual([413, 415, 415, 405]);
  });

  it('whatever is in it gets no 5xx, whole or in any item', async () => {
    const text = fc.oneof(
      fc.constantFrom(
        'photos.read',
        house.host.resource,
        house.host.issuer,
        'http://[',
        'https://x/#',
        '\u0000',
        '\ud800',
        'a b',
        'javascript:0',
      ),
      fc.array(fc.nat({ max: 0x10_ffff }), { maxLength: 8 }).map((points) => String.fromCodePoint(...points)),
    );
    const value = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });
    const anyItem = fc.record(
      { id: fc.oneof(fc.uuid(), text), resource: value, scope: value, purpose: value, actor_token: value },
      { requiredKeys: ['id', 'resource'] },
    );
    const body = fc.record(
      {
        transfers: fc.oneof(
          { weight: 6, arbitrary: fc.array(anyItem, { minLength: 1, maxLength: 4 }) },
          { weight: 1, arbitrary: fc.jsonValue() },
        ),
        completion_mode: fc.option(value, { nil: undefined }),
      },
      { requiredKeys: ['transfers'] },
    );
    await fc.assert(
      fc.asyncProperty(body, async (members) => {
        const answer = await call({ members });
        const statuses = [answer.status, ...answersOf(answer).map(({ status }) => status)];
        return statuses.every((status) => status < 500);
      }),
      { numRuns: 60 },
    );
  });
});

describe('limits', () => {
  it('count items, of all processes together, by connection and by Requester: over them it is 429, so a thousand calls do not get through', async () => {
    const limits = { perConnection: { name: 'transfers', points: 25, perSeconds: 60 } };
    const strict = { ...limits, perRequester: { name: 'requester-transfers', points: 40, perSeconds: 60 } };
    const ports = [
      (await house.another({ transfers: strict })).port,
      (await house.another({ transfers: strict })).port,
    ] as const;
    const by = await house.beside(story, { 'photos.read': 'allow' });
    const again = { ...by, connection: await house.connect({ ...by, answers: { 'photos.read': 'allow' } }) };
    expect(statusOf([await call({ items: nowhere(20), port: ports[0] }, by)])).toEqual([200]);
    expect(statusOf([await call({ items: nowhere(5), port: ports[1] }, by)])).toEqual([200]);
    for (const port of ports) {
      const refused = await call({ items: nowhere(1), port }, by);
      expect(errorOf(refused)).toBe('429 temporarily_unavailable');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    }
    const crowd = await Promise.all(
      Array.from({ length: 24 }, (_, n) => call({ items: nowhere(1), port: ports[n % 2] ?? 0 }, again)),
    );
    expect(crowd.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(15);
    expect(new Set(statusOf(crowd))).toEqual(new Set([200, 429]));
    const other = await house.beside(story, { 'photos.read': 'allow' });
    expect((await call({ items: nowhere(1), port: ports[0] }, other)).status).toBe(200);
  });

  it('are one, however it is asked: alone, in a call, or by a poll; what is beyond begins nothing, and a replay uses up nothing', async () => {
    const perConnection = { name: 'transfers', points: 12, perSeconds: 60 };
    const ports = [
      (await house.another({ transfers: { perConnection } })).port,
      (await house.another({ transfers: { perConnection } })).port,
    ] as const;
    const answers = { 'photos.read': 'allow', 'photos.write': 'ask' } as const;
    const by = await house.beside(story, answers);
    const { requester, connection } = by;
    const ask = (n: number, scope: string, more: Partial<TransferInput> = {}) =>
      requester.transfer({ connection, resource: house.host.resource, scope, port: ports[n % 2] ?? 0, ...more });
    const deferred = await ask(0, 'photos.write', { params: { completion_mode: 'deferred' } });
    const code = String(deferred.json['deferral_code']);
    const alone = await Promise.all(Array.from({ length: 4 }, (_, n) => ask(n, 'photos.read')));
    expect(statusOf(alone)).toEqual([200, 200, 200, 200]);
    const proofs = [await requester.proof('/token')];
    expect((await ask(0, 'photos.read', { proofs })).status).toBe(200);
    for (const n of [0, 1]) expect(errorOf(await ask(n, 'photos.read', { proofs }))).toBe('400 invalid_dpop_proof');
    expect((await call({ items: nowhere(4), port: ports[1] }, by)).status).toBe(200);
    expect(errorOf(await requester.poll(code, { port: ports[0] }))).toBe('400 authorization_pending');
    expect(errorOf(await requester.poll(code, { port: ports[0] }))).toBe('400 slow_down');
    const begun = await house.transfers(connection);
    for (const port of ports) {
      const beyond = [
        await ask(ports.indexOf(port), 'photos.read'),
        await ask(ports.indexOf(port), 'photos.write'),
        await requester.poll(code, { port }),
        await call({ items: nowhere(1), port }, by),
      ];
      for (const refused of beyond) {
        expect(errorOf(refused)).toBe('429 temporarily_unavailable');
        expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      }
    }
    expect(await house.transfers(connection)).toHaveLength(begun.length);
    const another = await house.connect({ ...by, answers });
    expect((await ask(0, 'photos.read', { connection: another })).status).toBe(200);
  });

  it('of calls at once are per connection; and a Requester that fills all its places delays no other', async () => {
    const other = await house.beside(story, { 'photos.read': 'allow' });
    const paused = gate();
    house.host.script.transfer = async ({ statement }, mint) => {
      if (statement['sub'] === story.requester.clientId) await paused.opened;
      return { json: mint() };
    };
    const items = Array.from({ length: 4 }, (_, n) => item(`i${n}`));
    const ports = house.ams.map(({ port }) => port);
    const port = (n: number) => ports[n % ports.length] ?? 0;
    // over both processes, all at once: none of them takes the place of another
    const open = await Promise.all(
      Array.from({ length: 8 }, (_, n) => streamed(house, story, { items, port: port(n) })),
    );
    for (const port of ports) {
      const refused = await call({ port });
      expect([errorOf(refused), refused.headers['retry-after']]).toEqual(['429 temporarily_unavailable', '1']);
    }
    // a process that died holds none for longer than a call can take
    await house.rows('update call_place set held_until = now() where connection_id = $1', [story.connection.id]);
    expect((await call({ items: nowhere(1) })).status).toBe(200);
    // as many as each process asks one Host at once
    await house.host.until(() => house.host.hops.length === 20);
    expect((await call({ items: nowhere(3) }, other)).status).toBe(200);
    paused.open();
    const answers = await Promise.all(open.map((stream) => stream.rest()));
    expect(answers.flatMap((lines) => Object.values(told(lines)))).toEqual(Array(32).fill('200'));
  });

  it('hold for what is sent slowly: a half-sent call takes no place', async () => {
    const { port, path, headers, body } = await batchRequest(house, story, { items: [item()] });
    const request = http.request({
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      headers: { ...headers, 'content-length': body.length },
      agent: false,
    });
    request.on('error', () => {});
    request.write(body.slice(0, 20));
    expect((await call()).status).toBe(200);
    request.destroy();
  });
});

describe('the metadata', () => {
  it('says where to call, and the OpenAPI document says how', async () => {
    const read = async (path: string) => (await exchange(house.ams[0].port, { method: 'GET', path })).json;
    expect((await read('/.well-known/oauth-authorization-server'))['chatelaine_transfers_endpoint']).toBe(
      `${house.issuer}/transfers`,
    );
    const { paths } = (await read('/openapi.json')) as { paths: Record<string, { post?: unknown }> };
    expect(paths['/transfers']?.post).toMatchObject({ security: [{ dpop: [] }] });
  });
});
