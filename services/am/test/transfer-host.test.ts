import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { unverifiedClaims } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, TOKEN_TYPE } from '@chatelaine/protocol';
import type { Answer } from '@chatelaine/test-kit';
import { ALL_WELL, House, type Story } from './support/house.ts';
import { gate, type Reply } from './support/scripted-host.ts';
import { eventually } from './support/world.ts';

let house: House;
let story: Story;

const ask = (by: Story = story): Promise<Answer> =>
  by.requester.transfer({ connection: by.connection, resource: house.host.resource, scope: 'photos.read' });
const outcome = ({ status, json, headers }: Answer) => ({
  status,
  error: json['error'],
  retry: headers['retry-after'],
});
/** It passes by itself, or when whoever runs the AM has put it right: nothing for which the owner would have to be asked. */
const UNREACHABLE = { status: 503, error: 'temporarily_unavailable', retry: '5' };
const refuse = (status: number, json: unknown, headers: Record<string, string> = {}) => {
  house.host.script.transfer = () => ({ status, json, headers });
};
const lastTransfer = async (by: Story = story) => (await house.transfers(by.connection)).at(-1);
const grantOf = async (by: Story = story) =>
  (
    await house.rows<{ grant_id: string }>('select grant_id from connection_host where connection_id = $1', [
      by.connection.id,
    ])
  )[0]?.grant_id;

beforeAll(async () => {
  house = await House.build({ callSeconds: 2, hopSeconds: 3_600 });
  story = await house.story({ 'photos.read': 'allow' });
});
beforeEach(() => house.host.reset());
afterAll(() => house.close());

describe('a Host that refuses', () => {
  it('the link’s token (invalid_request) gets a renewed one, once, with a new statement', async () => {
    house.host.expireLinkTokens();
    expect((await ask()).status).toBe(200);
    const { hops, refreshes } = house.host;
    expect([hops.length, refreshes.length]).toEqual([2, 1]);
    const [first, second] = hops.map(({ form }) => form);
    expect(second?.get('subject_token')).not.toBe(first?.get('subject_token'));
    expect(second?.get('actor_token')).not.toBe(first?.get('actor_token'));
    expect(second?.get('client_assertion')).not.toBe(first?.get('client_assertion'));
  });

  it('the link’s token is asked again with the Requester’s own statement as it was: it cannot be renewed on the way', async () => {
    house.host.expireLinkTokens();
    const about = { resource: house.host.resource, scope: 'photos.read' };
    const own = await story.requester.statement(about);
    const params = { actor_token: own, actor_token_type: TOKEN_TYPE.jwt };
    const answer = await story.requester.transfer({ connection: story.connection, ...about, params });
    expect(answer.status).toBe(200);
    const passedOn = house.host.hops.map(({ form }) => unverifiedClaims(form.get('actor_token') ?? '')?.claims);
    // made out to the AM itself it is still no client assertion
    const client_assertion = await story.requester.statement({ ...about, resource: `${house.issuer}/api` });
    const forged = await story.requester.transfer({
      connection: story.connection,
      ...about,
      params: { client_assertion, client_assertion_type: CLIENT_ASSERTION_TYPE },
    });
    expect(outcome(forged)).toEqual({ status: 401, error: 'invalid_client' });
    expect(passedOn).toEqual(Array(2).fill(expect.objectContaining({ requester_statement: own })));
  });

  it('twice (invalid_request) is given up: 502, and nothing was tried a third time', async () => {
    refuse(400, { error: 'invalid_request' });
    expect(outcome(await ask())).toEqual({ status: 502, error: 'server_error' });
    expect([house.host.hops.length, house.host.refreshes.length]).toEqual([2, 1]);
    const [first, second] = house.host.hops.map(({ statement }) => statement['jti']);
    expect(second).not.toBe(first);
    expect(await lastTransfer()).toMatchObject({ state: 'failed' });
  });

  it('the link itself (invalid_grant at its refresh) breaks the link: invalid_target, and it is not called again', async () => {
    const ended = await house.story({ 'photos.read': 'allow' });
    house.host.expireLinkTokens();
    house.host.script.refresh = () => ({ status: 400, json: { error: 'invalid_grant' } });
    expect(outcome(await ask(ended))).toEqual({ status: 400, error: 'invalid_target' });
    expect(await house.rows('select state from link where id = $1', [ended.linkId])).toEqual([{ state: 'broken' }]);
    expect(await lastTransfer(ended)).toMatchObject({ state: 'refused', error: 'broken' });
    house.host.reset();
    for (let again = 0; again < 3; again++)
      expect(outcome(await ask(ended))).toEqual({ status: 400, error: 'invalid_target' });
    expect([house.host.hops.length, house.host.refreshes.length]).toEqual([0, 0]);
    expect((await ended.owner.browser.get('/hosts')).text).toContain('broken');
  });

  it('one link breaks no other', async () => {
    expect((await ask()).status).toBe(200);
  });

  it.each<[string, Reply & object, { status: number; error: string }, object]>([
    ['the scope', { status: 400, json: { error: 'invalid_scope' } }, { status: 400, error: 'invalid_scope' }, {}],
    ['the target', { status: 400, json: { error: 'invalid_target' } }, { status: 400, error: 'invalid_target' }, {}],
    [
      'by its own policy',
      {
        status: 400,
        json: { error: 'access_denied', denied_by: 'am', requestable: true, interaction_uri: 'http://evil.example' },
      },
      { status: 400, error: 'access_denied' },
      { denied_by: 'host', requestable: true },
    ],
    ['the grant', { status: 400, json: { error: 'invalid_grant' } }, { status: 502, error: 'server_error' }, {}],
    ['the AM', { status: 401, json: { error: 'invalid_client' } }, { status: 502, error: 'server_error' }, {}],
    [
      'in words of its own',
      { status: 400, json: { error: 'go_away', error_description: 'secret' } },
      { status: 502, error: 'server_error' },
      {},
    ],
    [
      'in words no database can keep',
      { status: 400, json: { error: 'a\u0000b' } },
      { status: 502, error: 'server_error' },
      {},
    ],
  ])('%s: the Requester is told so, in the AM’s words', async (_what, reply, expected, extras) => {
    house.host.script.transfer = () => reply;
    const answer = await ask();
    expect(outcome(answer)).toEqual(expected);
    const { error: _error, error_description: text, ...rest } = answer.json;
    expect(rest).toEqual(extras);
    expect(text).not.toContain('secret');
    expect((await lastTransfer())?.state).toBe(expected.status === 502 ? 'failed' : 'refused');
  });
});

describe('a Host that is busy, slow or gone', () => {
  it.each([
    [429, 'temporarily_unavailable', '7', '7'],
    [503, 'temporarily_unavailable', '120', '120'],
    [503, 'server_error', undefined, '5'],
    [429, 'slow_down', '99999999', '3600'],
  ])('answers %i %s: 503 and when to come back', async (status, error, wait, told) => {
    refuse(status, { error }, wait === undefined ? {} : { 'retry-after': wait });
    expect(outcome(await ask())).toEqual({ status: 503, error: 'temporarily_unavailable', retry: told });
  });

  it('does not answer in time: 504 and when to come back', async () => {
    const paused = gate();
    house.host.script.transfer = async (): Promise<Reply> => {
      await paused.opened;
      return 'reset';
    };
    // one call's time, long before that for the whole of it
    expect(outcome(await ask())).toEqual({ status: 504, error: 'temporarily_unavailable', retry: '5' });
    expect(await lastTransfer()).toMatchObject({ state: 'failed', error: 'timeout' });
    paused.open();
  });

  it('does not renew the link in time: 504 too', async () => {
    const paused = gate();
    house.host.expireLinkTokens();
    house.host.script.refresh = async (): Promise<Reply> => {
      await paused.opened;
      return 'reset';
    };
    expect(outcome(await ask())).toMatchObject({ status: 504, retry: '5' });
    paused.open();
  });

  it('asks to wait before the link is renewed: 503, and the link is not broken', async () => {
    house.host.expireLinkTokens();
    house.host.script.refresh = () => ({
      status: 503,
      json: { error: 'temporarily_unavailable' },
      headers: { 'retry-after': '9' },
    });
    expect(outcome(await ask())).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '9' });
    expect(await house.rows('select state from link where id = $1', [story.linkId])).toEqual([{ state: 'active' }]);
  });

  it('closes the connection: 503, and when to come back', async () => {
    house.host.script.transfer = () => 'reset';
    const answer = await ask();
    expect(outcome(answer)).toEqual(UNREACHABLE);
    expect(answer.json).toMatchObject({ unavailable: 'host' });
  });

  it('closes the connection while the link is renewed: the same', async () => {
    house.host.expireLinkTokens();
    house.host.script.refresh = () => 'reset';
    expect(outcome(await ask())).toEqual(UNREACHABLE);
    house.host.reset();
    expect((await ask()).status).toBe(200);
  });
});

describe('an answer that cannot be used', () => {
  const html = '<html>All is well</html>';
  const token = { access_token: 'x', token_type: 'DPoP' };
  it.each<[string, () => Reply]>([
    ['is HTML', () => ({ body: html, headers: { 'content-type': 'text/html' } })],
    ['is HTML called JSON', () => ({ body: html, headers: { 'content-type': 'application/json' } })],
    ['is 10 MB', () => ({ json: { ...token, more: 'x'.repeat(10_000_000) } })],
    ['is a redirect', () => ({ status: 307, headers: { location: `${house.host.issuer}/elsewhere` } })],
    [
      'is compressed',
      () => ({ body: gzipSync('{}'), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }),
    ],
    ['is a list', () => ({ json: [token] })],
    ['is null', () => ({ body: 'null', headers: { 'content-type': 'application/json' } })],
    ['has a number for a token', () => ({ json: { ...token, access_token: 1 } })],
    [
      'has a member twice',
      () => ({ body: '{"access_token":"a","access_token":"b"}', headers: { 'content-type': 'application/json' } }),
    ],
    ['is empty', () => ({ status: 200 })],
    ['is 204', () => ({ status: 204 })],
    ['is 500 in HTML', () => ({ status: 500, body: html, headers: { 'content-type': 'text/html' } })],
  ])('because it %s is a 502, and nothing of it is relayed', async (_what, reply) => {
    house.host.script.transfer = reply;
    const answer = await ask();
    expect(answer.json).toEqual({ error: 'server_error', error_description: "The Host's answer could not be used." });
    expect(answer.status).toBe(502);
    expect(await lastTransfer()).toMatchObject({ state: 'failed' });
    expect(house.host.hops).toHaveLength(1);
  });
});

describe('an answer that is not what was asked for', () => {
  it.each<[string, (good: Record<string, unknown>) => Record<string, unknown>]>([
    ['issued_token_type', (good) => ({ ...good, issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' })],
    ['no issued_token_type', ({ issued_token_type: _without, ...good }) => good],
    ['token_type', (good) => ({ ...good, token_type: 'Bearer' })],
    ['a token_type nobody knows', (good) => ({ ...good, token_type: 'mac' })],
    ['expires_in, huge', (good) => ({ ...good, expires_in: 301 })],
    ['expires_in, negative', (good) => ({ ...good, expires_in: -1 })],
    ['expires_in, a text', (good) => ({ ...good, expires_in: '300' })],
    ['no expires_in', ({ expires_in: _without, ...good }) => good],
    ['scope, wider', (good) => ({ ...good, scope: 'photos.read photos.write' })],
    ['scope, another', (good) => ({ ...good, scope: 'photos.write' })],
    ['no scope', ({ scope: _without, ...good }) => good],
    ['resource', (good) => ({ ...good, resource: `${String(good['resource'])}/other` })],
    ['cnf, another key', (good) => ({ ...good, cnf: { jkt: 'A'.repeat(43) } })],
    ['no cnf', ({ cnf: _without, ...good }) => good],
    ['iss', (good) => ({ ...good, iss: 'http://other.localhost' })],
    [
      'a token that is the link’s own',
      (good) => ({ ...good, access_token: house.host.hops.at(-1)?.form.get('subject_token') }),
    ],
    ['a token that no header can carry', (good) => ({ ...good, access_token: 'a\r\nx: y' })],
  ])(
    'in %s is a 502; the grant is given up for a fresh one, and the Host is told that the old one ended',
    async (_what, change) => {
      const before = await grantOf();
      house.host.script.transfer = (_hop, mint) => ({ json: change(mint()) });
      const answer = await ask();
      expect(answer.json).toEqual({ error: 'server_error', error_description: "The Host's answer could not be used." });
      expect(answer.status).toBe(502);
      expect(await lastTransfer()).toMatchObject({ state: 'failed' });
      expect(await grantOf()).not.toBe(before);
      await house.host.until(() => house.host.revoked.some(({ token }) => token === before));
      expect(house.host.revoked).toEqual([{ token: before, hint: 'transfer_grant' }]);
      house.host.script.transfer = (_hop, mint) => ({ json: mint() });
      expect((await ask()).status).toBe(200);
      expect(house.host.hops.at(-1)?.statement['grant_id']).toBe(await grantOf());
    },
  );

  it('costs ten ends that the Host does not confirm and no more: then nothing is asked of it until it has, and nothing is dropped', async () => {
    const own = await house.story({ 'photos.read': 'allow' });
    const ends = (state: string) =>
      house.rows<{ grant_id: string }>('select grant_id from revocation where connection_id = $1 and state = $2', [
        own.connection.id,
        state,
      ]);
    house.host.script.transfer = (_hop, mint) => ({ json: { ...mint(), iss: 'http://other.localhost' } });
    house.host.script.revoke = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
    const seen = new Set<number>();
    // several at once: they share a grant, and give it up once
    for (let round = 0; round < 12; round++)
      for (const { status } of await Promise.all([ask(own), ask(own), ask(own)])) seen.add(status);
    expect(seen).toEqual(new Set([502, 503]));
    const pending = await ends('pending');
    expect(pending).toHaveLength(10);
    house.host.reset();
    house.host.script.revoke = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(outcome(await ask(own))).toEqual({ status: 503, error: 'temporarily_unavailable', retry: '30' });
    expect(house.host.hops).toHaveLength(0);
    house.host.reset();
    // whoever would wait for the next try
    await house.rows('update revocation_due set next_try_at = now()');
    await house.rows('update host_turn set not_before = now()');
    await eventually(async () => (await ends('pending')).length === 0);
    expect(new Set((await ends('confirmed')).map(({ grant_id }) => grant_id))).toEqual(
      new Set(pending.map(({ grant_id }) => grant_id)),
    );
    expect((await ask(own)).status).toBe(200);
  });

  it('is relayed without whatever else the Host put in', async () => {
    house.host.script.transfer = (_hop, mint) => {
      const good = mint();
      const cnf = { ...(good['cnf'] as object), kid: 'z' };
      return { json: { ...good, cnf, refresh_token: 'rt', link_token: 'lt', sub: 'kim', grant_id: 'g' } };
    };
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.json).toSorted()).toEqual(
      ['access_token', 'cnf', 'expires_in', 'iss', 'issued_token_type', 'resource', 'scope', 'token_type'].toSorted(),
    );
    expect(answer.json['cnf']).toEqual({ jkt: story.requester.key.kid });
  });

  it('leaves the transfer open rather than forget to tell the Host, should the database fail in between', async () => {
    const before = await grantOf();
    await house.rows(
      `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception using errcode = '57P03'; end $$`,
    );
    await house.rows(
      'create trigger refuse_revocation before insert on revocation for each row execute function refuse_it()',
    );
    house.host.script.transfer = (_hop, mint) => ({ json: { ...mint(), iss: 'http://other.localhost' } });
    const answer = await ask();
    await house.rows('drop trigger refuse_revocation on revocation');
    expect(answer.status).toBe(503);
    expect(await lastTransfer()).toMatchObject({ state: 'intent' });
    expect(await grantOf()).toBe(before);
    // for the check at the end
    await house.rows(`update transfer set state = 'failed', closed_at = now() where state = 'intent'`);
  });
});

it('leaves no token without its row, and no row open', async () => {
  await eventually(async () => (await house.audit()).open === 0);
  expect(await house.audit()).toEqual(ALL_WELL);
});

it('takes a link whose stored tokens do not open for a fault of ours: 503, and the link is as it was', async () => {
  const by = await house.story({ 'photos.read': 'allow' });
  const stored = await house.rows<{ state: string }>('select state from link where id = $1', [by.linkId]);
  // each sealed for its place: swapped, and another link's
  await house.rows('update link set access_token = refresh_token where id = $1', [by.linkId]);
  expect(outcome(await ask(by))).toEqual(UNREACHABLE);
  await house.rows(
    `update link t set access_token = null, refresh_token = s.refresh_token from link s where t.id = $1 and s.id = $2`,
    [by.linkId, story.linkId],
  );
  expect(outcome(await ask(by))).toEqual(UNREACHABLE);
  expect(house.host.hops).toHaveLength(0);
  expect(await house.rows('select state from link where id = $1', [by.linkId])).toEqual(stored);
});

it('says 503 of a Host that refuses the connection, and when to come back', async () => {
  await house.host.close();
  expect(outcome(await ask())).toEqual(UNREACHABLE);
});
