import { generateSigningKey, publicJwks, randomId, type SigningKey, signJwt } from '@chatelaine/crypto';
import { GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, postForm, send, serve, patience } from '@chatelaine/test-kit';
import type { Link, TransferInput } from './support/test-am.ts';
import { TestRequester } from './support/test-requester.ts';
import type { TestHost } from './support/test-host.ts';
import { createWorld, type World } from './support/world.ts';

/** Of the three seconds that a Host has for two documents. */
const SLOW_MS = 2_700;

let world: World;
let feed: TestRequester;
/** Demands a statement of the Requester's own for writing. */
let host: TestHost;
let link: Link;
beforeAll(async () => {
  [world, feed] = await Promise.all([createWorld(), TestRequester.start()]);
  host = await world.host({
    options: {
      scopes: {
        'entries.read': 'Read your entries',
        'entries.write': { sentence: 'Add entries for you', requesterStatement: 'required' },
      },
      outboundExceptions: [world.am.port, feed.port].map((port) => ({
        host: port === feed.port ? 'feed.localhost' : 'am.localhost',
        port,
        scheme: 'http',
        cidr: '127.0.0.1/32',
      })),
    },
  });
  link = await world.am.link(host);
});
afterAll(() => Promise.all([world.close(), feed.close()]));

interface Asked extends Partial<Omit<TransferInput, 'claims'>> {
  /** What the AM says of the Requester and its key. */
  readonly said?: Readonly<Record<string, unknown>>;
  /** The Requester's own statement; null for none. */
  readonly own?: string | null;
}

/** Hop 2 by an AM that passes on what the Requester signed. */
async function transfer({ said = {}, own, ...input }: Asked = {}): Promise<Answer> {
  const statement = own === undefined ? await feed.statement(host) : own;
  const passedOn = statement === null ? {} : { requester_statement: statement };
  const claims = { sub: feed.clientId, cnf: { jkt: feed.key.kid }, ...passedOn, ...said };
  return world.am.transfer(host, { link, scope: 'entries.write', ...input, claims });
}

function expectDenied(answer: Answer): void {
  const { status, json, headers } = answer;
  expect([status, json['error'], json['denied_by'], json['requestable']]).toEqual([
    400,
    'access_denied',
    'host',
    false,
  ]);
  expect(headers['cache-control']).toBe('no-store');
}

describe('a scope that demands the Requester’s own statement', () => {
  test('is named in the metadata, and given on one', async () => {
    const { json } = await send(host.port, { path: '/.well-known/oauth-authorization-server' });
    expect(json['chatelaine_requester_statement_scopes']).toEqual(['entries.write']);
    expect(json['chatelaine_transfer_scopes']).toMatchObject({ 'entries.write': 'Add entries for you' });
    const answer = await transfer();
    expect([answer.status, answer.json['cnf']]).toEqual([200, { jkt: feed.key.kid }]);
    expect((await transfer({ own: await feed.statement(host, { scope: 'entries.read entries.write' }) })).status).toBe(
      200,
    );
  });

  test('is refused without one, alone or beside another; the other alone is given, whatever came with it', async () => {
    for (const scope of ['entries.write', 'entries.read entries.write'])
      expectDenied(await transfer({ own: null, scope }));
    for (const own of [null, 'no-statement', await feed.statement(host, { aud: 'https://other.example' })])
      expect((await transfer({ own, scope: 'entries.read' })).status).toBe(200);
  });

  test('is refused to a Requester without published keys, and to one that is known by a registration', async () => {
    feed.publish('/keyless', { ...feed.document('/keyless'), jwks_uri: undefined, token_endpoint_auth_method: 'none' });
    const keyless = `${feed.origin}/keyless`;
    for (const sub of [
      keyless,
      'cl_registered',
      `${feed.origin}/nowhere`,
      'http://unknown.localhost:1/client',
      'https://127.0.0.1/x',
    ]) {
      expectDenied(await transfer({ said: { sub }, own: await feed.statement(host, { iss: sub, sub }) }));
      expectDenied(await transfer({ said: { sub }, own: null }));
    }
  });

  test('is never given as a token that is bound to no key', async () => {
    const bearer = await world.host({
      name: 'bearer',
      options: {
        bearer: true,
        scopes: { 'entries.read': 'Read', 'entries.write': { sentence: 'Add', requesterStatement: 'required' } },
        outboundExceptions: [
          { host: 'am.localhost', port: world.am.port, scheme: 'http', cidr: '127.0.0.1/32' },
          { host: 'feed.localhost', port: feed.port, scheme: 'http', cidr: '127.0.0.1/32' },
        ],
      },
    });
    const there = await world.am.link(bearer);
    const unbound = { sub: feed.clientId, cnf: undefined, bearer: true };
    for (const requester_statement of [undefined, await feed.statement(bearer)]) {
      const claims = { ...unbound, requester_statement };
      expectDenied(await world.am.transfer(bearer, { link: there, scope: 'entries.write', claims }));
    }
  });
});

describe('an AM', () => {
  test('that names a key of its own is refused', async () => {
    const own = generateSigningKey();
    expectDenied(await transfer({ said: { cnf: { jkt: own.kid } } }));
    // signing the Requester's part itself does not help either
    const forged = await feed.statement(host, { cnf: { jkt: own.kid } }, { signedBy: own });
    expectDenied(await transfer({ said: { cnf: { jkt: own.kid } }, own: forged }));
    const byAm = await feed.statement(host, { cnf: { jkt: own.kid } }, { signedBy: world.am.key });
    expectDenied(await transfer({ said: { cnf: { jkt: own.kid } }, own: byAm }));
  });

  test('that gives one Requester’s statement as another’s is refused', async () => {
    feed.publish('/second', { ...feed.document('/second') });
    const second = `${feed.origin}/second`;
    expectDenied(await transfer({ said: { sub: second } }));
    // the same keys, and so only the names tell them apart
    expectDenied(await transfer({ own: await feed.statement(host, { iss: second, sub: second }) }));
    expectDenied(await transfer({ own: await feed.statement(host, { sub: second }) }));
  });

  test('that replays one is refused, on every process, also for a new statement of its own', async () => {
    const replica = await world.replica(host);
    const own = await feed.statement(host);
    expect((await transfer({ own })).status).toBe(200);
    expectDenied(await transfer({ own }));
    const claims = { sub: feed.clientId, cnf: { jkt: feed.key.kid }, requester_statement: own };
    expectDenied(await world.am.transfer(replica, { link, scope: 'entries.write', claims }));
  });

  test('that uses one many times at once gets one token, over two processes', async () => {
    const replica = await world.replica(host);
    const claims = { sub: feed.clientId, cnf: { jkt: feed.key.kid }, requester_statement: await feed.statement(host) };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        world.am.transfer(index % 2 === 0 ? host : replica, { link, scope: 'entries.write', claims }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) expectDenied(answer);
  });

  test('that posts one as a client assertion, as its own statement, or as a link token is refused', async () => {
    const own = await feed.statement(host);
    const form = {
      grant_type: GRANT.tokenExchange,
      subject_token: link.accessToken,
      subject_token_type: TOKEN_TYPE.accessToken,
      actor_token: await world.am.statement(host, { link }),
      actor_token_type: TOKEN_TYPE.jwt,
      resource: `${host.issuer}/api`,
      scope: 'entries.read',
    };
    const asClient = {
      ...form,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: own,
    };
    const answer = await postForm(host.port, '/token', asClient);
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
    for (const changed of [{ actor_token: own }, { subject_token: own }])
      expect((await world.am.post(host, '/token', { ...form, ...changed })).json['error']).toBe('invalid_request');
    expect((await transfer({ own })).status).toBe(200);
  });
});

test('a Requester whose documents are slow is refused while the AM still waits: to an AM, a Host that is too slow is slow for everybody', async () => {
  // each of the two within the time that a document has, both together beyond what an AM waits for
  const slow = await serve((request, response) => {
    const file = request.url === '/client' ? document : {};
    const send = (): void =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(file));
    setTimeout(send, SLOW_MS).unref();
  });
  const origin = `http://slow.localhost:${slow.port}`;
  const sub = `${origin}/client`;
  const document = { ...feed.document('/client'), client_id: sub, jwks_uri: `${origin}/jwks` };
  try {
    const patient = await world.host({
      name: 'patient',
      options: {
        scopes: { 'entries.read': 'Read', 'entries.write': { sentence: 'Add', requesterStatement: 'required' } },
        outboundExceptions: [
          { host: 'am.localhost', port: world.am.port, scheme: 'http', cidr: '127.0.0.1/32' },
          { host: 'slow.localhost', port: slow.port, scheme: 'http', cidr: '127.0.0.1/32' },
        ],
      },
    });
    const there = await world.am.link(patient);
    const requester_statement = await feed.statement(patient, { iss: sub, sub });
    const claims = { sub, cnf: { jkt: feed.key.kid }, requester_statement };
    const began = performance.now();
    expectDenied(await world.am.transfer(patient, { link: there, scope: 'entries.write', claims }));
    expect(performance.now() - began).toBeLessThan(patience(5));
  } finally {
    await slow.close();
  }
});

test('an AM makes a Host fetch so many documents of Requesters a minute, whether they are there or not', async () => {
  const few = await world.host({
    name: 'few',
    options: {
      scopes: { 'entries.read': 'Read', 'entries.write': { sentence: 'Add', requesterStatement: 'required' } },
      limits: { documents: { name: 'document', points: 6, perSeconds: 60 } },
      outboundExceptions: [world.am.port, feed.port].map((port) => ({
        host: port === feed.port ? 'feed.localhost' : 'am.localhost',
        port,
        scheme: 'http',
        cidr: '127.0.0.1/32',
      })),
    },
  });
  const there = await world.am.link(few);
  const named = async (sub: string): Promise<Answer> => {
    const requester_statement = await feed.statement(few, { iss: sub, sub });
    const claims = { sub, cnf: { jkt: feed.key.kid }, requester_statement };
    return world.am.transfer(few, { link: there, scope: 'entries.write', claims });
  };
  expect((await named(feed.clientId)).status).toBe(200);
  let last: Answer | undefined;
  for (let at = 0; at < 7; at++) last = await named(`${feed.origin}/nobody-${at}`);
  expect([last?.status, last?.json['error']]).toEqual([429, 'temporarily_unavailable']);
  expect(last?.headers['retry-after']).toMatch(/^\d+$/);
  // what is known costs nothing
  expect((await named(feed.clientId)).status).toBe(200);
});

describe('the statement', () => {
  const now = (): number => Math.floor(Date.now() / 1000);
  const faults: readonly [string, () => Readonly<Record<string, unknown>>][] = [
    ['for another Host', () => ({ aud: 'https://other.example' })],
    ['for a list of Hosts', () => ({ aud: [host.issuer] })],
    ['for another resource', () => ({ resource: `${host.issuer}/other` })],
    ['for a narrower scope', () => ({ scope: 'entries.read' })],
    ['without scope', () => ({ scope: undefined })],
    ['that has expired', () => ({ iat: now() - 61, exp: now() - 1 })],
    ['that lives longer than 60 s', () => ({ exp: now() + 120 })],
    ['without jti', () => ({ jti: undefined })],
    ['without cnf', () => ({ cnf: undefined })],
    ['with a key instead of its thumbprint', () => ({ cnf: { jwk: feed.key.publicJwk } })],
    ['by nobody', () => ({ iss: undefined })],
    ['about nobody', () => ({ sub: undefined })],
  ];
  test.each(faults)('%s is refused', async (_name, claims) =>
    expectDenied(await transfer({ own: await feed.statement(host, claims()) })),
  );

  test('of another typ is refused', async () => {
    for (const typ of ['JWT', JWT_TYP.clientAssertion, JWT_TYP.transferStatement, JWT_TYP.dpop])
      expectDenied(await transfer({ own: await feed.statement(host, {}, { typ }) }));
  });

  test('larger than 3 KB makes the AM’s statement one that is none', async () => {
    const own = await feed.statement(host, { padding: 'p'.repeat(3000) });
    expect((await transfer({ own })).json['error']).toBe('invalid_request');
  });

  test('is not spent when the link’s token is refused: the AM asks again with a new one, and the same statement', async () => {
    const own = await feed.statement(host);
    const stale = { accessToken: `cha_lt_${'A'.repeat(46)}` };
    expect((await transfer({ own, link: stale })).json['error']).toBe('invalid_request');
    expect((await transfer({ own })).status).toBe(200);
  });

  test('by a key that was rotated in is good at once', async () => {
    const fresh: SigningKey = generateSigningKey();
    const before = feed.ownKey;
    feed.publish('/jwks', publicJwks([before, fresh]));
    const claims = feed.claims(host);
    const own = await signJwt({ typ: JWT_TYP.requesterStatement, claims: { ...claims, jti: randomId() }, key: before });
    expect((await transfer({ own })).status).toBe(200);
  });
});
