import { createDpopProof, generateSigningKey } from '@chatelaine/crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ALL_WELL, House, type Story } from './support/house.ts';
import type { Answer } from '@chatelaine/test-kit';
import { clock, exchange, type TransferInput } from './support/requester.ts';
import { gate } from './support/scripted-host.ts';

let house: House;
let story: Story;

const ANSWERS = { 'photos.read': 'ask', 'photos.write': 'ask', 'albums.read': 'allow' } as const;
const DEFERRED = { completion_mode: 'deferred' };
const SCOPE = 'photos.write';

beforeAll(async () => {
  house = await House.build();
  story = await house.story(ANSWERS);
});
beforeEach(() => house.host.reset());
afterAll(() => house.close());

/** A connection that waits for nothing yet. */
const fresh = (): Promise<Story> => house.beside(story, ANSWERS);
const defer = (by: Story, input: Partial<TransferInput> = {}): Promise<Answer> =>
  by.requester.transfer({
    connection: by.connection,
    resource: house.host.resource,
    scope: SCOPE,
    params: DEFERRED,
    ...input,
  });

interface Waiting extends Story {
  readonly code: string;
  poll(input?: Parameters<Story['requester']['poll']>[1]): Promise<Answer>;
  answer(given: string): Promise<unknown>;
  /** What it waits for may be looked for again. */
  passTime(): Promise<unknown>;
}

/** Asks, and waits; without a Requester given, over a connection of its own. */
async function wait(given?: Story): Promise<Waiting> {
  const by = given ?? (await fresh());
  const { json } = await defer(by);
  const code = String(json['deferral_code']);
  const path = new URL(String(json['interaction_uri'])).pathname;
  return {
    ...by,
    code,
    poll: (input) => by.requester.poll(code, input),
    answer: (given) => by.owner.browser.submit(path, path, { answer: given }),
    passTime: () => house.rows('update deferral set next_poll_at = now() where connection_id = $1', [by.connection.id]),
  };
}

const errorOf = ({ status, json }: Answer) => `${status} ${String(json['error'])}`;
const minted = ({ requester }: Story) => house.host.minted.filter(({ clientId }) => clientId === requester.clientId);
const PENDING = '400 authorization_pending';
const NOT_ITS = '400 invalid_grant';

describe('a transfer that needs the owner, of a Requester that can wait', () => {
  it('is answered with a code to wait with, which is stored as a hash alone', async () => {
    const waiting = await fresh();
    const { status, json, headers } = await defer(waiting);
    expect([status, headers['cache-control']]).toEqual([400, 'no-store']);
    expect(json).toEqual({
      error: 'authorization_pending',
      error_description: expect.any(String),
      deferral_code: expect.stringMatching(/^cha_dc_[A-Za-z0-9_-]{46}$/),
      expires_in: 3600,
      interval: 5,
      interaction_uri: expect.stringMatching(new RegExp(`^${house.issuer}/asks/`)),
      scope: SCOPE,
    });
    const [row] = await house.rows('select * from deferral where connection_id = $1', [waiting.connection.id]);
    expect(JSON.stringify(row)).not.toContain(String(json['deferral_code']).slice(7));
    expect(house.host.hops).toEqual([]);
  });

  it('is announced, and taken by no client that did not register for it', async () => {
    const { json } = await exchange(house.ams[0].port, {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
    });
    expect(json).toMatchObject({ deferred_token_response_supported: true });
    expect(json['grant_types_supported']).toContain('urn:ietf:params:oauth:grant-type:deferred');
    const without = await house.beside(story, ANSWERS, {
      grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    });
    const { json: pending } = await defer(without);
    expect(errorOf(await without.requester.poll(String(pending['deferral_code'])))).toBe('400 unauthorized_client');
  });

  it('is given at once where nobody has to be asked, and refused as ever where it is out of reach', async () => {
    expect((await defer(story, { scope: 'albums.read' })).status).toBe(200);
    expect(errorOf(await defer(story, { scope: 'faces.read' }))).toBe('400 invalid_scope');
    expect(errorOf(await defer(story, { params: { completion_mode: 'callback deferred' } }))).toBe(PENDING);
  });

  it('has five codes at most for one question: the oldest make room', async () => {
    const by = await fresh();
    const waiting: Waiting[] = [];
    for (let at = 0; at < 6; at++) waiting.push(await wait(by));
    const answers = await Promise.all(waiting.map(({ poll }) => poll()));
    expect(answers.map(errorOf)).toEqual([NOT_ITS, ...Array<string>(5).fill(PENDING)]);
  });
});

describe('a poll', () => {
  it('waits while the owner has not answered, by either process, and ends in a token bound to the key that asked', async () => {
    const { requester, poll, answer, passTime } = await wait();
    expect((await poll()).json).toEqual({
      error: 'authorization_pending',
      error_description: expect.any(String),
      expires_in: expect.any(Number),
      interval: 5,
    });
    await answer('once');
    await passTime();
    const got = await poll({ port: house.ams[1].port });
    expect([got.status, got.json['cnf'], got.json['scope']]).toEqual([200, { jkt: requester.key.kid }, SCOPE]);
    await passTime();
    expect(errorOf(await poll())).toBe(NOT_ITS);
  });

  it('is told to slow down when it comes too early, over both processes', async () => {
    const { poll, passTime, answer } = await wait();
    expect(errorOf(await poll())).toBe(PENDING);
    const early = await poll({ port: house.ams[1].port });
    expect([errorOf(early), early.json['interval']]).toEqual(['400 slow_down', 5]);
    await answer('once');
    expect(errorOf(await poll())).toBe('400 slow_down');
    await passTime();
    expect((await poll()).status).toBe(200);
  });

  it.each([
    ['not-now', 'am', true],
    ['never', 'am', false],
  ])('ends in access_denied when the owner answers %s', async (given, by, requestable) => {
    const { poll, answer, passTime } = await wait();
    await answer(given);
    const { json } = await poll();
    expect(json).toMatchObject({ error: 'access_denied', denied_by: by, requestable });
    await passTime();
    expect(errorOf(await poll())).toBe(NOT_ITS);
  });

  it('ends in expired_token an hour later, and when the owner’s approval was not fetched in time or went to another request', async () => {
    const [late, lazy, beaten] = [await wait(), await wait(), await wait()];
    await house.rows('update deferral set expires_at = now() where connection_id = $1', [late.connection.id]);
    await lazy.answer('once');
    await house.rows(`update ask set expires_at = now() where connection_id = $1`, [lazy.connection.id]);
    await beaten.answer('once');
    expect((await defer(beaten, { params: {} })).status).toBe(200);
    for (const { poll } of [late, lazy, beaten]) expect(errorOf(await poll())).toBe('400 expired_token');
  });

  it('decides anew: a scope that was taken away, a link that ended, a rule that says no', async () => {
    const [narrowed, denied] = [await wait(), await wait()];
    for (const { answer } of [narrowed, denied]) await answer('once');
    await house.rows(`update connection_host set scopes = '{albums.read}' where connection_id = $1`, [
      narrowed.connection.id,
    ]);
    await house.rows(
      `insert into rule (id, owner_id, connection_id, scope, effect) values ('rule_late', $1, $2, $3, 'deny')`,
      [denied.owner.id, denied.connection.id, SCOPE],
    );
    await house.rows(`update rule set effect = 'deny' where connection_id = $1`, [denied.connection.id]);
    expect(errorOf(await narrowed.poll())).toBe('400 invalid_scope');
    expect(errorOf(await denied.poll())).toBe('400 access_denied');
    const elsewhere = await house.story(ANSWERS);
    const unlinked = await wait(elsewhere);
    await unlinked.answer('once');
    await house.rows('select end_link($1, $2)', [elsewhere.owner.id, elsewhere.linkId]);
    expect(errorOf(await unlinked.poll())).toBe('400 invalid_target');
  });

  it('may be repeated when the Host could not be asked: what the owner approved is not lost', async () => {
    const { poll, answer, passTime } = await wait();
    await answer('once');
    house.host.script = { transfer: () => ({ status: 503, json: { error: 'temporarily_unavailable' } }) };
    expect(errorOf(await poll())).toBe('503 temporarily_unavailable');
    house.host.reset();
    await passTime();
    expect((await poll()).status).toBe(200);
    await passTime();
    expect(errorOf(await poll())).toBe(NOT_ITS);
  });

  it('is over when the Host says no', async () => {
    const { poll, answer, passTime } = await wait();
    await answer('always');
    house.host.script = { transfer: () => ({ status: 400, json: { error: 'access_denied' } }) };
    expect((await poll()).json).toMatchObject({ error: 'access_denied', denied_by: 'host' });
    house.host.reset();
    await passTime();
    expect(errorOf(await poll())).toBe(NOT_ITS);
  });
});

describe('a deferral code', () => {
  it('is nothing in the hands of another client, under another key, or for another connection’s answer', async () => {
    const [waiting, other] = [await wait(), await fresh()];
    await waiting.answer('always');
    for (const proofs of [[await other.requester.proof('/token')], [await waiting.requester.proof('/token')]])
      expect(errorOf(await other.requester.poll(waiting.code, { proofs }))).toBe(NOT_ITS);
    const key = generateSigningKey();
    const unauthenticated = {
      client_assertion: undefined,
      client_assertion_type: undefined,
      client_id: waiting.requester.clientId,
    };
    const htu = `${house.issuer}/token`;
    expect(errorOf(await waiting.poll({ proofs: [await createDpopProof({ key, htm: 'POST', htu, clock })] }))).toBe(
      NOT_ITS,
    );
    expect(errorOf(await waiting.poll({ proofs: [] }))).toBe('400 invalid_dpop_proof');
    expect(errorOf(await waiting.poll({ params: unauthenticated }))).toBe('401 invalid_client');
    // a second connection of the same client, with the same key: the code stays that of the first
    const second = await house.connect({ ...waiting, answers: ANSWERS });
    await house.rows(`update oauth_grant set ended_at = now(), ended_by = 'owner' where id = $1`, [
      waiting.connection.id,
    ]);
    expect(errorOf(await waiting.poll())).toBe(NOT_ITS);
    expect(errorOf(await defer({ ...waiting, connection: second }))).toBe(PENDING);
    expect(minted(waiting)).toEqual([]);
  });

  it.each([
    ['none', { deferral_code: undefined }, '400 invalid_request'],
    ['an unknown one', { deferral_code: `cha_dc_${'A'.repeat(46)}` }, NOT_ITS],
    ['a connection token', { deferral_code: `cha_ct_${'A'.repeat(46)}` }, NOT_ITS],
    ['another resource', { resource: 'https://other.example/api' }, '400 invalid_request'],
    ['a subject token', { subject_token: 'x' }, '400 invalid_request'],
    ['a key of its own', { cnf: '{"jkt":"x"}' }, '400 invalid_request'],
  ])('with %s is refused', async (_name, params: Record<string, string | undefined>, refusal) => {
    expect(errorOf(await story.requester.poll('x', { params }))).toBe(refusal);
  });

  it('is no subject token, and a replayed poll is refused as a replay', async () => {
    const waiting = await wait();
    const asSubject = await waiting.requester.transfer({
      connection: { accessToken: waiting.code },
      resource: house.host.resource,
      scope: SCOPE,
    });
    expect(errorOf(asSubject)).toBe('400 invalid_request');
    const proofs = [await waiting.requester.proof('/token')];
    expect(errorOf(await waiting.poll({ proofs }))).toBe(PENDING);
    await waiting.passTime();
    expect(errorOf(await waiting.poll({ proofs, port: house.ams[1].port }))).toBe('400 invalid_dpop_proof');
    expect(errorOf(await waiting.poll())).toBe(PENDING);
  });

  it('ends in one token, however many polls come at once and however often', async () => {
    const waiting = await wait();
    await waiting.answer('always');
    const held = gate();
    house.host.script = { transfer: async (_hop, mint) => held.opened.then(() => ({ json: mint() })) };
    const crowd = (): Promise<Answer>[] =>
      Array.from({ length: 10 }, (_, at) => waiting.poll({ port: house.ams[at % 2]?.port ?? 0 }));
    const first = crowd();
    await house.host.until(() => house.host.hops.length > 0);
    // others come while the Host is still at work, and not too early
    await waiting.passTime();
    const second = await Promise.all(crowd());
    // and one when the first has been at it for so long that its process may be gone
    await house.rows(`update deferral set attempted_at = now() - interval '1 minute'`);
    await waiting.passTime();
    const late = waiting.poll();
    await house.host.until(() => house.host.hops.length > 1);
    held.open();
    const answers = [...(await Promise.all(first)), ...second, await late];
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const other of answers.filter(({ status }) => status !== 200))
      expect([PENDING, '400 slow_down', NOT_ITS]).toContain(errorOf(other));
    expect(minted(waiting)).toHaveLength(2);
  });

  it('ends nothing when it took so long that another one took its place: that one gets the token', async () => {
    const waiting = await wait();
    await waiting.answer('always');
    const gates = [gate(), gate()] as const;
    let asked = 0;
    house.host.script = {
      transfer: async (_hop, mint) => (asked++ === 0 ? gates[0] : gates[1]).opened.then(() => ({ json: mint() })),
    };
    const slow = waiting.poll();
    await house.host.until(() => house.host.hops.length === 1);
    await house.rows(`update deferral set attempted_at = now() - interval '1 minute'`);
    await waiting.passTime();
    const next = waiting.poll({ port: house.ams[1].port });
    await house.host.until(() => house.host.hops.length === 2);
    gates[0].open();
    expect(errorOf(await slow)).toBe(NOT_ITS);
    gates[1].open();
    expect((await next).status).toBe(200);
  });

  it('is not spoiled by a poll that comes while the Host is at work on what the owner allowed once', async () => {
    const waiting = await wait();
    await waiting.answer('once');
    const held = gate();
    house.host.script = { transfer: async (_hop, mint) => held.opened.then(() => ({ json: mint() })) };
    const first = waiting.poll();
    await house.host.until(() => house.host.hops.length > 0);
    await waiting.passTime();
    expect(errorOf(await waiting.poll({ port: house.ams[1].port }))).toBe(PENDING);
    held.open();
    expect((await first).status).toBe(200);
    await waiting.passTime();
    expect(errorOf(await waiting.poll())).toBe(NOT_ITS);
  });

  it('is worth nothing once its connection was stopped, in between or while the Host is at work', async () => {
    const [before, during] = [await wait(), await wait()];
    for (const { answer } of [before, during]) await answer('always');
    const stop = ({ owner, connection }: Story) =>
      owner.browser.submit(`/requesters/${connection.id}`, `/requesters/${connection.id}/stop`, {});
    await stop(before);
    expect(errorOf(await before.poll())).toBe(NOT_ITS);
    house.host.script = {
      transfer: async (_hop, mint) => {
        await stop(during);
        return { json: mint() };
      },
    };
    expect(errorOf(await during.poll())).toBe(NOT_ITS);
    expect(minted(before)).toEqual([]);
  });

  it('leaves every token minted with its row, and none open', async () => {
    expect(await house.audit()).toEqual(ALL_WELL);
  });
});
