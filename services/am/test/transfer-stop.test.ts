import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Answer } from '@chatelaine/test-kit';
import { ALL_WELL, House, type Story } from './support/house.ts';
import { breakWaiting, holding, waiting } from './support/locks.ts';
import { gate } from './support/scripted-host.ts';
import { eventually } from './support/world.ts';

let house: House;

const ask = (
  by: Story,
  over: { port?: number; scope?: string; proofs?: string[]; params?: Record<string, string> } = {},
): Promise<Answer> =>
  by.requester.transfer({ connection: by.connection, resource: house.host.resource, scope: 'photos.read', ...over });
const errorOf = ({ status, json }: Answer) => `${status} ${String(json['error'])}`;
const stop = ({ owner, connection }: Story, port = house.ams[0].port) =>
  owner.browser.at(port).submit('/requesters', `/requesters/${connection.id}/stop`);
const ANSWERS = { 'photos.read': 'allow', 'photos.write': 'ask' } as const;
let base: Story;
const fresh = () => house.beside(base, ANSWERS);
const grantsOf = async ({ connection }: Story) =>
  (
    await house.rows<{ grant_id: string }>('select grant_id from connection_host where connection_id = $1', [
      connection.id,
    ])
  ).map((row) => row.grant_id);

/** Lets the Host mint, and keeps its answer back until the gate is opened. */
function pauseHost() {
  const paused = gate();
  house.host.script.transfer = async (_hop, mint) => {
    const json = mint();
    await paused.opened;
    return { json };
  };
  return paused;
}

beforeAll(async () => {
  house = await House.build();
  base = await house.story(ANSWERS);
});
beforeEach(() => house.host.reset());
afterAll(() => house.close());

describe('what the owner stops while the Host is being asked', () => {
  it.each<[string, (story: Story) => Promise<{ status: number }>]>([
    ['the connection', (story) => stop(story)],
    ['the connection, at the other process', (story) => stop(story, house.ams[1].port)],
    ['the link', ({ owner, linkId }) => owner.browser.submit('/hosts', `/hosts/${linkId}/stop`)],
    ['everything', ({ owner }) => owner.browser.submit('/requesters', '/stop-everything')],
  ])('%s: nothing is handed out, the row says withheld, and the Host is told', async (what, stopIt) => {
    const story = what.startsWith('the connection') ? await fresh() : await house.story(ANSWERS);
    const paused = pauseHost();
    const pending = ask(story);
    await house.host.until(() => house.host.hops.length === 1);
    expect((await stopIt(story)).status).toBeLessThan(400);
    paused.open();
    const answer = await pending;
    expect(answer.json).toEqual({
      error: 'invalid_request',
      error_description: 'The subject_token or actor_token is not acceptable.',
    });
    expect(answer.status).toBe(400);
    const token = house.host.minted.at(-1)?.token;
    expect(answer.text).not.toContain(token);
    expect(await house.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'withheld' })]);
    const [grantId] = await grantsOf(story);
    const told = what.startsWith('the connection')
      ? { token: grantId, hint: 'transfer_grant' }
      : { token: expect.stringMatching(/^rt-/), hint: 'refresh_token' };
    await house.host.until(() => house.host.revoked.some(({ hint }) => hint === told.hint));
    expect(house.host.revoked).toContainEqual(told);
  });

  it('is not handed out either when the connection only ran out meanwhile', async () => {
    const story = await fresh();
    const paused = pauseHost();
    const pending = ask(story);
    await house.host.until(() => house.host.hops.length === 1);
    await house.rows('update oauth_grant set expires_at = now() where id = $1', [story.connection.id]);
    paused.open();
    expect(errorOf(await pending)).toBe('400 invalid_request');
    expect(await house.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'withheld' })]);
  });
});

describe('after a stop was answered', () => {
  it('every process refuses, from the first request on, and the Host is not called', async () => {
    for (const [stopped, other] of [house.ams, house.ams.toReversed()]) {
      const story = await fresh();
      expect((await ask(story, { port: other?.port ?? 0 })).status).toBe(200);
      house.host.hops.length = 0;
      expect((await stop(story, stopped?.port)).status).toBe(303);
      const answers = await Promise.all(house.ams.map(({ port }) => ask(story, { port })));
      expect(answers.map(errorOf)).toEqual(['400 invalid_request', '400 invalid_request']);
      expect(house.host.hops).toEqual([]);
    }
  });

  it('no transfer out of many in flight at both processes hands anything out that began after it', async () => {
    const story = await fresh();
    const results: { began: number; status: number }[] = [];
    let stopped = Infinity;
    const one = async (at: number): Promise<void> => {
      const began = performance.now();
      const { status } = await ask(story, { port: house.ams[at % 2]?.port ?? 0 });
      results.push({ began, status });
    };
    const running = Array.from({ length: 12 }, (_, at) => one(at));
    const stopping = stop(story).then(() => {
      stopped = performance.now();
    });
    await stopping;
    await Promise.all([...running, ...Array.from({ length: 6 }, (_, at) => one(at))]);
    expect(results.filter(({ began, status }) => began > stopped && status === 200)).toEqual([]);
    expect(results.filter(({ began }) => began > stopped)).toHaveLength(6);
  });

  it('the answer is 503, never 303, when the database failed under it; then nothing was stopped', async () => {
    const story = await fresh();
    const { browser } = story.owner;
    const page = await browser.get('/requesters');
    const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    await holding(house, `select 1 from owner where id = '${story.owner.id}' for update`, async () => {
      const stopping = browser.post(`/requesters/${story.connection.id}/stop`, { _csrf: token });
      await breakWaiting(house);
      expect((await stopping).status).toBe(503);
    });
    expect((await ask(story)).status).toBe(200);
    expect((await stop(story)).status).toBe(303);
    expect(errorOf(await ask(story))).toBe('400 invalid_request');
  });
});

describe('what the owner changes between decision and intent', () => {
  it('is decided anew, and the row names the version that was used', async () => {
    const story = await fresh();
    const version = async () =>
      (await house.rows<{ v: string }>('select policy_version as v from owner where id = $1', [story.owner.id]))[0]?.v;
    await holding(house, 'lock table transfer in exclusive mode', async (release) => {
      const pending = ask(story);
      await waiting(house);
      await house.rows('update owner set policy_version = policy_version + 1 where id = $1', [story.owner.id]);
      await release();
      expect((await pending).status).toBe(200);
    });
    expect(await house.transfers(story.connection)).toEqual([
      expect.objectContaining({ state: 'minted', policy_version: await version() }),
    ]);
  });

  it.each<[string, string, string]>([
    ['a rule that denies', `update rule set effect = 'deny' where connection_id = $1`, '400 access_denied'],
    ['a rule that asks', `update rule set effect = 'ask' where connection_id = $1`, '400 interaction_required'],
    ['the end of the connection', `select oauth_end_grant($1, 'owner')`, '400 invalid_request'],
    [
      'the end of the link',
      `select end_link(l.owner_id, l.id) from link l join connection_host ch on ch.link_id = l.id where ch.connection_id = $1`,
      '400 invalid_target',
    ],
  ])('%s holds, and the Host is not called', async (_what, sql, expected) => {
    const story = await house.story(ANSWERS);
    await holding(house, 'lock table transfer in exclusive mode', async (release) => {
      const pending = ask(story);
      await waiting(house);
      await house.rows(sql, [story.connection.id]);
      await house.rows('update owner set policy_version = policy_version + 1 where id = $1', [story.owner.id]);
      await release();
      expect(errorOf(await pending)).toBe(expected);
    });
    expect(house.host.hops).toEqual([]);
    expect(await house.transfers(story.connection)).toEqual([]);
  });
});

describe('an approval', () => {
  it('is used by exactly one of thirty transfers that want it at once, over two processes', async () => {
    const story = await fresh();
    const asked = await ask(story, { scope: 'photos.write' });
    const path = new URL(String(asked.json['interaction_uri'])).pathname;
    await story.owner.browser.submit(path, path, { answer: 'once' });
    // none begins before most of them have found the approval
    const answers = await holding(house, 'lock table transfer in exclusive mode', async (release) => {
      const pending = Array.from({ length: 30 }, (_, at) =>
        ask(story, { scope: 'photos.write', port: house.ams[at % 2]?.port ?? 0 }),
      );
      await waiting(house, 20);
      await release();
      return Promise.all(pending);
    });
    const counts = Map.groupBy(answers, errorOf);
    expect(counts.get('200 undefined')).toHaveLength(1);
    expect(counts.get('400 interaction_required')).toHaveLength(29);
    expect(new Set(counts.get('400 interaction_required')?.map(({ json }) => json['interaction_uri'])).size).toBe(1);
    expect(house.host.hops).toHaveLength(1);
    expect(await house.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'minted' })]);
  });
});

describe('a request that comes twice', () => {
  it.each<[string, (story: Story) => Promise<{ proofs?: string[]; params?: Record<string, string> }>, string]>([
    ['DPoP proof', async ({ requester }) => ({ proofs: [await requester.proof('/token')] }), '400 invalid_dpop_proof'],
    ['client assertion', async ({ requester }) => ({ params: await requester.authentication() }), '401 invalid_client'],
  ])(
    'with the same %s is served once, however many arrive at once at both processes',
    async (_what, same, expected) => {
      const story = await fresh();
      const over = await same(story);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) => ask(story, { ...over, port: house.ams[at % 2]?.port ?? 0 })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(new Set(answers.filter(({ status }) => status !== 200).map(errorOf))).toEqual(new Set([expected]));
      expect(house.host.hops).toHaveLength(1);
      expect(errorOf(await ask(story, { ...over, port: house.ams[1].port }))).toBe(expected);
    },
  );

  it('is refused at the other process after it was refused at the first', async () => {
    const story = await fresh();
    const proofs = [await story.requester.proof('/token')];
    expect(errorOf(await ask(story, { proofs, scope: 'albums.read' }))).toBe('400 invalid_scope');
    expect(errorOf(await ask(story, { proofs, port: house.ams[1].port }))).toBe('400 invalid_dpop_proof');
    expect(house.host.hops).toEqual([]);
  });

  it('uses up an approval only if its proof was fresh', async () => {
    const story = await fresh();
    const asked = await ask(story, { scope: 'photos.write' });
    const path = new URL(String(asked.json['interaction_uri'])).pathname;
    await story.owner.browser.submit(path, path, { answer: 'once' });
    const proofs = [await story.requester.proof('/token')];
    await ask(story, { proofs, scope: 'albums.read' });
    expect(errorOf(await ask(story, { proofs, scope: 'photos.write' }))).toBe('400 invalid_dpop_proof');
    expect((await ask(story, { scope: 'photos.write' })).status).toBe(200);
  });
});

describe('a database that fails', () => {
  it('while the intent is written: 503 and when to come back, the Host is not called, and the approval is still there', async () => {
    const story = await fresh();
    const asked = await ask(story, { scope: 'photos.write' });
    const path = new URL(String(asked.json['interaction_uri'])).pathname;
    await story.owner.browser.submit(path, path, { answer: 'once' });
    await holding(house, 'lock table transfer in exclusive mode', async () => {
      const pending = ask(story, { scope: 'photos.write' });
      await breakWaiting(house);
      const answer = await pending;
      expect(errorOf(answer)).toBe('503 temporarily_unavailable');
      expect(answer.headers['retry-after']).toBeDefined();
    });
    expect(house.host.hops).toEqual([]);
    expect((await ask(story, { scope: 'photos.write' })).status).toBe(200);
  });

  it('after the Host has minted: 503, and nothing is handed out', async () => {
    const story = await fresh();
    const paused = pauseHost();
    const pending = ask(story);
    await house.host.until(() => house.host.hops.length === 1);
    await holding(house, 'lock table transfer in exclusive mode', async () => {
      paused.open();
      await breakWaiting(house);
      const answer = await pending;
      expect(errorOf(answer)).toBe('503 temporarily_unavailable');
      expect(answer.text).not.toContain(house.host.minted.at(-1)?.token);
    });
    // whoever could have closed it lost the database: the row stays as the trace of what was minted
    expect(await house.transfers(story.connection)).toEqual([expect.objectContaining({ state: 'intent' })]);
    await house.rows(`update transfer set state = 'failed', closed_at = now() where state = 'intent'`);
  });

  it('while the link is renewed: 503, and the transfer is closed', async () => {
    const story = await fresh();
    house.host.expireLinkTokens();
    await holding(house, `select 1 from link where id = '${story.linkId}' for update`, async () => {
      const pending = ask(story);
      await breakWaiting(house);
      const answer = await pending;
      expect(errorOf(answer)).toBe('503 temporarily_unavailable');
      expect(answer.headers['retry-after']).toBeDefined();
    });
    await eventually(async () => (await house.transfers(story.connection))[0]?.state === 'failed');
    expect((await ask(story)).status).toBe(200);
  });
});

it('leaves no token without its row, and no row open', async () => {
  expect(await house.audit()).toEqual(ALL_WELL);
});
