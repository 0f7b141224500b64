import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateSigningKey, mintToken, sha256base64url, signJwt, signShortJwt } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import type { Answer } from '@chatelaine/test-kit';
import { ALL_WELL, House, type Owner, type Story } from './support/house.ts';
import { clock, exchange, type TransferInput } from './support/requester.ts';
import { gate } from './support/scripted-host.ts';

let house: House;
let story: Story;
/** Another owner with a link and a connection of his own. */
let stranger: Story;

const ask = (over: Partial<TransferInput> = {}, by: Story = story) =>
  by.requester.transfer({
    connection: by.connection,
    resource: house.host.resource,
    scope: 'photos.read',
    ...over,
  });
const bodyOf = ({ status, json }: Answer) => ({ status, ...json });
const BAD_TOKEN = {
  status: 400,
  error: 'invalid_request',
  error_description: 'The subject_token or actor_token is not acceptable.',
};

beforeAll(async () => {
  house = await House.build();
  story = await house.story({ 'photos.read': 'allow', 'photos.write': 'allow' });
  stranger = await house.story({ 'photos.read': 'allow' });
});
beforeEach(() => house.host.reset());
afterAll(() => house.close());

/** Refused before the Host was asked. */
async function refused(answer: Promise<Answer>, error: string): Promise<Answer> {
  const seen = await answer;
  expect({ status: seen.status, error: seen.json['error'] }).toEqual({
    status: error === 'invalid_client' ? 401 : 400,
    error,
  });
  expect(seen.headers['cache-control']).toBe('no-store');
  expect(house.host.hops).toEqual([]);
  return seen;
}

describe('a transfer', () => {
  it('answers with the eight members of the protocol and no other', async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json).toEqual({
      access_token: house.host.minted.at(-1)?.token,
      issued_token_type: TOKEN_TYPE.accessToken,
      token_type: 'DPoP',
      expires_in: 300,
      scope: 'photos.read',
      resource: house.host.resource,
      cnf: { jkt: story.requester.key.kid },
      iss: house.host.issuer,
    });
  });

  it('is made for a client without keys, by the key of its connection', async () => {
    const { requester, connection } = await house.beside(story, { 'photos.read': 'allow' }, { keys: 'none' });
    const answer = await requester.transfer({ connection, resource: house.host.resource, scope: 'photos.read' });
    expect(answer.status).toBe(200);
    expect(answer.json['cnf']).toEqual({ jkt: requester.key.kid });
  });

  it('tells the Host in a statement who asks, with which key, for what, over which link', async () => {
    await ask({ scope: 'photos.write photos.read' });
    const [hop] = house.host.hops;
    const { iat, exp, jti, ...claims } = hop?.statement ?? {};
    expect(claims).toEqual({
      iss: house.issuer,
      sub: story.requester.clientId,
      aud: house.host.issuer,
      ath: sha256base64url(hop?.form.get('subject_token') ?? ''),
      resource: house.host.resource,
      scope: 'photos.write photos.read',
      cnf: { jkt: story.requester.key.kid },
      grant_id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      client_name: 'Reader',
      client_uri: house.documents.origin,
    });
    expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(60);
    expect(jti).toEqual(expect.stringMatching(/^.{16,128}$/));
  });

  it('authenticates the AM at the Host by private_key_jwt, and sends no DPoP header on hop 2', async () => {
    await ask();
    const [hop] = house.host.hops;
    expect(hop?.headers['dpop']).toBeUndefined();
    expect(hop?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(hop?.form ?? [])).toEqual({
      grant_type: GRANT.tokenExchange,
      subject_token: expect.stringMatching(/^lt-/),
      subject_token_type: TOKEN_TYPE.accessToken,
      requested_token_type: TOKEN_TYPE.accessToken,
      resource: house.host.resource,
      scope: 'photos.read',
      actor_token: expect.any(String),
      actor_token_type: TOKEN_TYPE.jwt,
      client_id: expect.stringContaining(`${house.issuer}/clients/`),
      client_assertion: expect.any(String),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
  });

  it('names the same grant at every transfer of one link and connection, and another one for another connection', async () => {
    const second = await house.connect({
      owner: story.owner,
      requester: story.requester,
      linkId: story.linkId,
      answers: { 'photos.read': 'allow' },
    });
    await ask();
    await ask({ scope: 'photos.write' });
    await story.requester.transfer({ connection: second, resource: house.host.resource, scope: 'photos.read' });
    const [first, again, other] = house.host.hops.map(({ statement }) => statement['grant_id']);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('has its row before the Host is called, and the row is closed after', async () => {
    const seen: unknown[] = [];
    const before = (await house.transfers(story.connection)).length;
    house.host.script.transfer = async (_hop, mint) => {
      seen.push(...(await house.transfers(story.connection)).slice(before));
      return { json: mint() };
    };
    expect((await ask()).status).toBe(200);
    expect(seen).toEqual([
      expect.objectContaining({
        state: 'intent',
        closed_at: null,
        owner_id: story.owner.id,
        link_id: story.linkId,
        client_id: story.requester.clientId,
        resource: house.host.resource,
        scopes: ['photos.read'],
        jkt: story.requester.key.kid,
      }),
    ]);
    expect((await house.transfers(story.connection)).slice(before)).toEqual([
      expect.objectContaining({ state: 'minted', error: null, closed_at: expect.any(Date) }),
    ]);
  });

  it('holds no database connection while the Host takes its time: with two in the pool and ten waiting, a page still opens', async () => {
    const small = await house.another({ connections: 2 });
    const paused = gate();
    house.host.script.transfer = async (_hop, mint) => {
      await paused.opened;
      return { json: mint() };
    };
    const waiting = Array.from({ length: 10 }, () =>
      story.requester.transfer({
        connection: story.connection,
        resource: house.host.resource,
        scope: 'photos.read',
        port: small.port,
      }),
    );
    await house.host.until(() => house.host.hops.length === 10);
    expect((await story.owner.browser.at(small.port).get('/requesters')).status).toBe(200);
    paused.open();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(10).fill(200));
  });

  it('narrows nothing: the scope of the answer is the scope asked for, in whatever order, without repeats', async () => {
    expect((await ask({ scope: 'photos.write photos.read photos.write' })).json['scope']).toBe(
      'photos.write photos.read',
    );
    expect((await ask({ scope: 'photos.read' })).json['scope']).toBe('photos.read');
  });
});

describe('a subject_token', () => {
  it('that is bad in any way gets one and the same answer', async () => {
    const expired = await house.beside(story, { 'photos.read': 'allow' });
    await house.rows(`update oauth_token set expires_at = now() - interval '1 second' where grant_id = $1`, [
      expired.connection.id,
    ]);
    const revoked = await house.connect({ ...story, answers: { 'photos.read': 'allow' } });
    await story.requester.post('/revoke', {
      ...(await story.requester.authentication()),
      token: revoked.refreshToken,
    });
    const { accessToken } = story.connection;
    const statement = { iss: house.issuer, aud: house.host.issuer };
    const answers = await Promise.all([
      ask({ params: { subject_token: undefined } }),
      ask({ params: { subject_token: '' } }),
      ask({ params: { subject_token: 'garbage' } }),
      ask({ params: { subject_token: 'cha_ct_'.padEnd(8000, 'A') } }),
      ask({ params: { subject_token: mintToken('ct', 7) } }), // unknown
      ask({}, expired),
      ask({ connection: revoked }),
      ask({ params: { subject_token: story.connection.refreshToken } }),
      ask({ params: { subject_token: `${accessToken.slice(0, -1)}${accessToken.endsWith('A') ? 'B' : 'A'}` } }),
      ask({ params: { subject_token: mintToken('lt', 7) } }), // X9: a link's token
      ask({ params: { subject_token: mintToken('at', 7) } }), // a Host's access token
      ask({ params: { subject_token: await story.requester.proof('/token') } }), // a DPoP proof
      ask({
        params: {
          subject_token: await signShortJwt({
            typ: JWT_TYP.transferStatement,
            key: story.requester.key,
            clock,
            lifetimeSeconds: 60,
            claims: statement,
          }),
        },
      }),
      ask({ params: { subject_token_type: TOKEN_TYPE.jwt } }),
      ask({ params: { subject_token_type: undefined } }),
      ask({}, { ...stranger, connection: story.connection }), // another client's: X3, T4
      ask({}, { ...story, connection: stranger.connection }),
    ]);
    expect(answers.map(bodyOf)).toEqual(answers.map(() => BAD_TOKEN));
    expect(house.host.hops).toEqual([]);
  });

  it('of 100 KB is refused before anything is read', async () => {
    expect((await ask({ params: { subject_token: 'A'.repeat(100_000) } })).status).toBe(413);
  });

  it('in the hands of another client raises an alarm, and its own client is not disturbed', async () => {
    const [{ events }] = house.ams;
    events.length = 0;
    await refused(ask({}, { ...stranger, connection: story.connection }), 'invalid_request');
    expect(events).toEqual([
      {
        event: 'foreign_token',
        reason: 'foreign',
        clientId: stranger.requester.clientId,
        connectionId: story.connection.id,
      },
    ]);
    expect((await ask()).status).toBe(200);
  });

  it('with another key than its connection has raises an alarm and is refused', async () => {
    const [{ events }] = house.ams;
    events.length = 0;
    const proof = await story.requester.proof('/token', { key: generateSigningKey() });
    expect(bodyOf(await refused(ask({ proofs: [proof] }), 'invalid_request'))).toEqual(BAD_TOKEN);
    expect(events).toEqual([expect.objectContaining({ event: 'foreign_token', reason: 'key' })]);
  });

  it('of a connection past its end is refused', async () => {
    const past = await house.beside(story, { 'photos.read': 'allow' });
    await house.rows(`update oauth_grant set expires_at = now() - interval '1 second' where id = $1`, [
      past.connection.id,
    ]);
    expect(bodyOf(await refused(ask({}, past), 'invalid_request'))).toEqual(BAD_TOKEN);
  });
});

describe('a requested token type that is not issued', () => {
  it.each(['urn:ietf:params:oauth:token-type:refresh_token', TOKEN_TYPE.jwt])('%p is refused', async (type) => {
    await refused(ask({ params: { requested_token_type: type } }), 'invalid_request');
  });
});

describe('a resource', () => {
  it('of a Host that is unknown, not linked, not shown, broken, or another owner’s gets one and the same answer', async () => {
    const hidden = await house.owner(); // has no link at all
    const link = await house.link(hidden);
    const other = house.requester();
    const ended = await house.connect({
      owner: hidden,
      requester: other,
      linkId: link,
      answers: { 'photos.read': 'allow' },
    });
    await hidden.browser.submit('/hosts', `/hosts/${link}/stop`);
    const broken = await house.story({ 'photos.read': 'allow' });
    await house.rows(`update link set state = 'broken' where id = $1`, [broken.linkId]);
    const notShown = await house.beside(story, { 'photos.read': 'allow' });
    await house.rows('delete from connection_host where connection_id = $1', [notShown.connection.id]);
    const { resource } = house.host;
    const answers = await Promise.all([
      ask({ resource: 'http://nobody.localhost:9/api' }),
      ask({ resource: `${resource}/` }),
      ask({ resource: house.host.issuer }),
      ask({ resource: resource.replace('photos.', 'Photos.') }),
      ask({ params: { audience: 'http://nobody.localhost:9' } }),
      ask({ resource: house.issuer }), // X14: the AM itself
      ask({ resource: `${house.issuer}/api` }),
      ask({ resource: 'ftp://photos.localhost/api' }),
      other.transfer({ connection: ended, resource, scope: 'photos.read' }),
      ask({}, broken),
      ask({}, notShown),
    ]);
    const texts = answers.map(({ status, text }) => `${status} ${text}`);
    expect(new Set(texts)).toEqual(
      new Set([
        '400 {"error":"invalid_target","error_description":"This connection cannot obtain tokens for that resource."}',
      ]),
    );
    expect(house.host.hops).toEqual([]);
  });

  it('of another owner’s link is never reached, though the Host is the same', async () => {
    await ask({}, stranger);
    const [theirs] = house.host.hops.splice(0);
    await ask();
    const [ours] = house.host.hops;
    expect(ours?.form.get('subject_token')).not.toBe(theirs?.form.get('subject_token'));
    expect(ours?.statement['grant_id']).not.toBe(theirs?.statement['grant_id']);
  });

  it.each([
    ['none', undefined],
    ['a relative one', '/api'],
    ['one with a fragment', 'http://photos.localhost/api#x'],
  ])('that is malformed is an invalid_request: %s', async (_what, resource) => {
    await refused(ask({ params: { resource } }), 'invalid_request');
  });

  it('may come with the issuer of the same Host as audience', async () => {
    expect((await ask({ params: { audience: house.host.issuer } })).status).toBe(200);
  });
});

describe('a scope', () => {
  it.each([
    ['beyond the consent', 'albums.read'],
    ['partly beyond it', 'photos.read albums.read'],
    ['in other letters', 'Photos.Read'],
    ['that looks alike', 'рhotos.read'],
    ['that is empty', ''],
    ['with two spaces', 'photos.read  photos.read'],
    ['of a thousand values', Array.from({ length: 1000 }, (_, i) => `s${i}`).join(' ')],
    ['of the connection itself', 'transfer'],
  ])('%s is invalid_scope', async (_what, scope) => {
    await refused(ask({ scope }), 'invalid_scope');
  });

  it('beyond what the Host lets the AM hand on is invalid_scope, though the owner agreed to it before', async () => {
    const shrunk = await house.story({ 'photos.read': 'allow', 'albums.read': 'allow' });
    await house.rows(`update link set transfer_scope = array['photos.read'] where id = $1`, [shrunk.linkId]);
    await refused(ask({ scope: 'albums.read' }, shrunk), 'invalid_scope');
    expect((await ask({}, shrunk)).status).toBe(200);
  });

  it('that a rule denies is access_denied by the AM, the whole of it', async () => {
    const denied = await house.beside(story, { 'photos.read': 'allow', 'photos.write': 'allow' });
    await house.rows(`update rule set effect = 'deny' where connection_id = $1 and scope = 'photos.write'`, [
      denied.connection.id,
    ]);
    const answer = await refused(ask({ scope: 'photos.read photos.write' }, denied), 'access_denied');
    expect(answer.json).toMatchObject({ denied_by: 'am', requestable: false });
  });
});

describe('what would name another actor or key', () => {
  it.each(['actor_token', 'actor_token_type', 'cnf', 'req_cnf', 'jkt', 'act', 'grant_id'])(
    '%s is refused',
    async (name) => {
      await refused(ask({ params: { [name]: '{"jkt":"x"}' } }), 'invalid_request');
    },
  );

  it('never gets into the statement, whatever a Requester adds', async () => {
    const extra = {
      sub: 'someone',
      iss: 'https://evil.example',
      user_id: 'u',
      link_id: 'l',
      bearer: 'true',
      client_name: 'Bank',
    };
    expect((await ask({ params: extra })).status).toBe(200);
    const { statement } = house.host.hops[0] ?? {};
    expect(statement).toMatchObject({
      iss: house.issuer,
      sub: story.requester.clientId,
      client_name: 'Reader',
      cnf: { jkt: story.requester.key.kid },
    });
    for (const name of ['user_id', 'link_id', 'bearer']) expect(statement).not.toHaveProperty(name);
  });
});

describe('a client', () => {
  it('that did not register the grant is unauthorized_client', async () => {
    const codeOnly = await house.beside(
      story,
      { 'photos.read': 'allow' },
      { grantTypes: [GRANT.authorizationCode, GRANT.refreshToken] },
    );
    await refused(ask({}, codeOnly), 'unauthorized_client');
  });

  it.each<[string, (now: number) => Record<string, unknown>]>([
    ['an aud that is a list', () => ({ aud: [house.issuer] })],
    ['the token endpoint as aud', () => ({ aud: `${house.issuer}/token` })],
    ['no exp', () => ({ exp: undefined })],
    ['exp 0', () => ({ exp: 0 })],
    ['a text as exp', (now) => ({ exp: String(now + 60) })],
    ['ten years to live', (now) => ({ exp: now + 315_360_000 })],
    ['nbf ahead', (now) => ({ nbf: now + 3600 })],
    ['iat a year ahead', (now) => ({ iat: now + 31_536_000, exp: now + 31_536_060 })],
    ['no jti', () => ({ jti: undefined })],
    ['another sub', () => ({ sub: stranger.requester.clientId })],
  ])('whose assertion has %s is not authenticated', async (_what, claimsAt) => {
    const now = Math.floor(clock.now());
    const { requester } = story;
    const good = {
      iss: requester.clientId,
      sub: requester.clientId,
      aud: house.issuer,
      iat: now,
      exp: now + 60,
      jti: `j${Math.random()}`,
    };
    const assertion = await signJwt({
      typ: JWT_TYP.clientAssertion,
      claims: { ...good, ...claimsAt(now) },
      key: requester.ownKey ?? requester.key,
    });
    const params = { client_assertion: assertion, client_assertion_type: CLIENT_ASSERTION_TYPE };
    await refused(ask({ params }), 'invalid_client');
  });

  it('with keys is not believed on its client_id alone', async () => {
    const form = { grant_type: GRANT.tokenExchange, client_id: story.requester.clientId };
    await refused(story.requester.post('/token', form), 'invalid_client');
  });
});

describe('a DPoP proof', () => {
  it.each<[string, () => Promise<string[]>]>([
    ['is missing', async () => []],
    ['is for another path', async () => [await story.requester.proof('/par')]],
    ['is for another method', async () => [await story.requester.proof('/token', { htm: 'GET' })]],
    ['comes twice', async () => [await story.requester.proof('/token'), await story.requester.proof('/token')]],
    ['is no JWT', async () => ['x']],
  ])('that %s makes no transfer', async (_what, proofs) => {
    await refused(ask({ proofs: await proofs() }), 'invalid_dpop_proof');
  });

  it('is spent with a request that was refused', async () => {
    const proofs = [await story.requester.proof('/token')];
    await refused(ask({ proofs, resource: 'http://nobody.localhost:9/api' }), 'invalid_target');
    await refused(ask({ proofs }), 'invalid_dpop_proof');
  });

  it('and an assertion are spent together: a request made of two used ones is refused as well', async () => {
    const params = await story.requester.authentication();
    await refused(ask({ params, scope: 'albums.read' }), 'invalid_scope');
    await refused(ask({ params }), 'invalid_client');
  });
});

describe('a malformed request', () => {
  const send = async (body: string, type = 'application/x-www-form-urlencoded') =>
    exchange(house.ams[0].port, {
      path: '/token',
      headers: { 'content-type': type, dpop: await story.requester.proof('/token') },
      body,
    });

  it.each([
    ['a parameter twice', 'grant_type=a&grant_type=a', 400],
    ['broken UTF-8', 'scope=%ff', 400],
    ['a NUL', 'scope=%00', 400],
    ['a bad escape', 'scope=%zz', 400],
    ['a value of 10 KB', `scope=${'a'.repeat(10_000)}`, 400],
  ])('with %s is an invalid_request', async (_what, body, status) => {
    const answer = await send(body);
    expect({ status: answer.status, error: answer.json['error'] }).toEqual({ status, error: 'invalid_request' });
  });

  it('in JSON is 415', async () => {
    expect((await send('{}', 'application/json')).status).toBe(415);
  });

  it('may not hide a purpose that misleads whoever reads it', async () => {
    await refused(ask({ scope: 'photos.write', params: { purpose: 'harmless \u202Etxet' } }), 'invalid_request');
    await refused(ask({ scope: 'photos.write', params: { purpose: 'x'.repeat(201) } }), 'invalid_request');
  });
});

describe('the rules', () => {
  let unreadable: { owner: Owner } & Story;
  beforeAll(async () => {
    unreadable = await house.beside(story, { 'photos.read': 'allow' });
  });

  it('that cannot be read close the door: 503, never a token', async () => {
    await house.rows('alter table rule drop constraint rule_effect_check');
    await house.rows(`update rule set effect = 'maybe' where connection_id = $1`, [unreadable.connection.id]);
    const answer = await ask({}, unreadable);
    expect({ status: answer.status, error: answer.json['error'] }).toEqual({
      status: 503,
      error: 'temporarily_unavailable',
    });
    expect(answer.headers['retry-after']).toBeDefined();
    expect(house.host.hops).toEqual([]);
  });

  it('of one connection never become rules for all when it goes', async () => {
    const gone = await house.beside(story, { 'photos.read': 'allow' });
    await house.rows('delete from connection_host where connection_id = $1', [gone.connection.id]);
    await house.rows('delete from connection where id = $1', [gone.connection.id]);
    expect(
      await house.rows('select effect from rule where connection_id is null or connection_id = $1', [
        gone.connection.id,
      ]),
    ).toEqual([]);
  });

  it('that are missing mean that the owner is asked', async () => {
    const without = await house.beside(story, { 'photos.read': 'allow' });
    await house.rows('delete from rule where connection_id = $1', [without.connection.id]);
    await refused(ask({}, without), 'interaction_required');
  });
});

it('leaves no token without its row, and no row open', async () => {
  expect(await house.audit()).toEqual(ALL_WELL);
});
