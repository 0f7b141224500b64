import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, Browser, eventually, patience, send, serve } from '@chatelaine/test-kit';
import { House, SLOWLY, type Story } from './support/house.ts';
import { pause, streamed } from './support/batch.ts';
import { gate, type Reply } from './support/scripted-host.ts';

/** Long enough for a few calls, on a slow machine, too. */
const OPEN_SECONDS = Math.ceil(patience(2) / 1000);

let house: House;
let story: Story;

const ask = (port = house.ams[0].port): Promise<Answer> =>
  story.requester.transfer({ connection: story.connection, resource: house.host.resource, scope: 'photos.read', port });
const many = (count: number): Promise<Answer[]> => Promise.all(Array.from({ length: count }, () => ask()));
const told = ({ status, json, headers }: Answer) => [status, json['error'], Number(headers['retry-after'] ?? 0)];
const html: Reply = { status: 500, body: '<h1>Oops</h1>', headers: { 'content-type': 'text/html' } };

beforeAll(async () => {
  house = await House.build({ failuresToOpen: 5, openSeconds: OPEN_SECONDS, ...SLOWLY });
  story = await house.story({ 'photos.read': 'allow' });
});
beforeEach(() => house.host.reset());
afterAll(() => house.close());

/** Until one call gets through again. */
const recovered = () => eventually(async () => (await ask()).status === 200);

describe('a Host that fails again and again', () => {
  it('is left alone after five failures in a row: 503 at once, and when to come back; then one call tries it', async () => {
    house.host.script.transfer = () => html;
    for (let failed = 0; failed < 5; failed++) expect((await ask()).status).toBe(502);
    for (let again = 0; again < 3; again++) {
      const [status, error, retryAfter] = told(await ask());
      expect([status, error]).toEqual([503, 'temporarily_unavailable']);
      // it is still left alone, so nobody has waited for it
      expect(retryAfter).toBeGreaterThan(0);
      expect(retryAfter).toBeLessThanOrEqual(OPEN_SECONDS);
    }
    expect(house.host.hops).toHaveLength(5);

    house.host.reset();
    await recovered();
    expect(house.host.hops).toHaveLength(1);
    expect((await many(5)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  it('in one process says nothing to another, and is in no database', async () => {
    house.host.script.transfer = () => html;
    for (let failed = 0; failed < 6; failed++) await ask();
    expect((await ask()).status).toBe(503);
    house.host.reset();
    expect((await ask(house.ams[1].port)).status).toBe(200);
    await recovered();
  });

  it('only while it is tried, one call is under way; the others are told at once', async () => {
    house.host.script.transfer = () => html;
    for (let failed = 0; failed < 5; failed++) await ask();
    const paused = gate();
    house.host.reset();
    house.host.script.transfer = async (_hop, mint): Promise<Reply> => {
      await paused.opened;
      return { json: mint() };
    };
    const arrived = house.host.until(() => house.host.hops.length > 0);
    let trying: Promise<Answer> | undefined;
    await eventually(async () => {
      trying = ask();
      await Promise.race([trying, arrived]);
      return house.host.hops.length > 0;
    });
    expect((await many(5)).map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    expect(house.host.hops).toHaveLength(1);
    paused.open();
    expect((await trying)?.status).toBe(200);
  });

  it('and is tried for somebody who does not wait, is neither back nor failed: the next call tries it, alone', async () => {
    house.host.script.transfer = () => html;
    for (let failed = 0; failed < 5; failed++) await ask();
    house.host.reset();
    const paused = pause(house.host);
    const items = [{ id: 'a', resource: house.host.resource, scope: 'photos.read' }];
    const answered = async () =>
      (await house.transfers(story.connection)).filter(({ state }) => state !== 'intent').length;
    let [before, trying] = [0, await streamed(house, story, { items })];
    const arrived = house.host.until(() => house.host.hops.length > 0);
    await eventually(async () => {
      before = await answered();
      await Promise.race([trying.next().catch(() => null), arrived]);
      if (house.host.hops.length > 0) return true;
      trying = await streamed(house, story, { items });
      return false;
    });
    trying.response.destroy();
    await eventually(async () => (await answered()) > before);

    const next = ask();
    await Promise.race([next, house.host.until(() => house.host.hops.length > 1)]);
    expect(house.host.hops).toHaveLength(2);
    expect(told(await ask())).toEqual([503, 'temporarily_unavailable', 1]);
    paused.open();
    expect((await next).status).toBe(200);
    expect((await many(5)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  it('by what is its right is not left alone: refusals, waits, and answers that are not what was asked', async () => {
    const replies: readonly Reply[] = [
      { status: 400, json: { error: 'access_denied' } },
      { status: 400, json: { error: 'invalid_scope' } },
      { status: 401, json: { error: 'invalid_client' } },
      { status: 429, json: { error: 'slow_down' }, headers: { 'retry-after': '3' } },
    ];
    for (const reply of replies) {
      house.host.script.transfer = () => reply;
      for (let again = 0; again < 6; again++) await ask();
    }
    house.host.script.transfer = (_hop, mint) => ({ json: { ...mint(), iss: 'http://other.localhost' } });
    for (let again = 0; again < 6; again++) expect((await ask()).status).toBe(502);
    house.host.reset();
    expect((await ask()).status).toBe(200);
  });

  it('is told of ends all the same', async () => {
    const ending = await house.story({ 'photos.read': 'allow' });
    house.host.script.transfer = () => html;
    for (let failed = 0; failed < 6; failed++) await ask();
    expect((await ask()).status).toBe(503);
    await ending.owner.browser.submit('/requesters', `/requesters/${ending.connection.id}/stop`, {});
    await house.host.until(() => house.host.revoked.length > 0);
    house.host.reset();
    await recovered();
  });
});

describe('a Host that is slow', () => {
  it('has fifteen calls of one Requester under way and as many waiting; the other places are for others, and who waits does so for a second', async () => {
    const other = await house.beside(story, { 'photos.read': 'allow' });
    const paused = gate();
    house.host.script.transfer = async (_hop, mint): Promise<Reply> => {
      await paused.opened;
      return { json: mint() };
    };
    const asked = Array.from({ length: 35 }, () => ask());
    const refused = Promise.all(
      asked.map(async (answer) => {
        const { status } = await answer;
        return status;
      }),
    );
    await house.host.until(() => house.host.hops.length === 15);
    const early = await Promise.race(asked);
    expect(told(early)).toEqual([503, 'temporarily_unavailable', SLOWLY.waitSeconds]);
    const others = Array.from({ length: 5 }, () =>
      other.requester.transfer({
        connection: other.connection,
        resource: house.host.resource,
        scope: 'photos.read',
      }),
    );
    await house.host.until(() => house.host.hops.length === 20);
    // the waiting give up by themselves: 20 answers come while the Host still says nothing
    const answered = new Set<number>();
    await new Promise<void>((resolve) => {
      asked.forEach(
        (answer, index) =>
          void answer.then(() => {
            answered.add(index);
            if (answered.size === 20) resolve();
          }),
      );
    });
    expect(house.host.hops).toHaveLength(20);
    paused.open();
    const statuses = await refused;
    expect(statuses.filter((status) => status === 200)).toHaveLength(15);
    expect(statuses.filter((status) => status === 503)).toHaveLength(20);
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await ask()).status).toBe(200);
  });

  it('whatever it is slow with, the whole is answered 504 within the time for all of it', async () => {
    const over = new AbortController();
    // more than half of that time
    const each = SLOWLY.hopSeconds * 600;
    const slowly = async (reply: () => Reply): Promise<Reply> => {
      await sleep(each, null, { signal: over.signal }).catch(() => null);
      return reply();
    };
    house.host.expireLinkTokens();
    // a refusal, a renewal and a second try, each for itself in time: no single one is too slow
    house.host.script.refresh = (_call, renew) => slowly(() => ({ json: renew() }));
    house.host.script.transfer = () => slowly(() => ({ status: 400, json: { error: 'invalid_request' } }));
    await house.rows(`update link set access_expires_at = now() where id = $1`, [story.linkId]);
    expect(told(await ask())).toEqual([504, 'temporarily_unavailable', 5]);
    // it did not wait for the second try: unbounded, that would have come, too
    expect(house.host.hops).toHaveLength(1);
    over.abort();
  });
});

describe('strangers that answer late', () => {
  /** Of an AM with four places, three of them for programs. */
  const PLACES = 4;

  it('hold no place of others, be they Hosts or client documents: pages, signing in, stopping and honest Hosts go on', async () => {
    const held: (() => void)[] = [];
    const holder = await serve((_request, response) => void held.push(() => response.writeHead(404).end()));
    const { exceptions } = house.config;
    const origin = `http://holder.localhost:${holder.port}`;
    const exception = { host: 'holder.localhost', port: holder.port, scheme: 'http', cidr: '127.0.0.1/32' } as const;
    const { port } = await house.another({
      config: { requestsAtOnce: PLACES, exceptions: [...exceptions, exception] },
    });
    const owner = await house.owner();
    const linkId = await house.link(owner, house.second);
    const requester = house.requester({ name: 'Honest' });
    const connection = await house.connect({ owner, requester, linkId, answers: { 'photos.read': 'allow' } });
    const browser = owner.browser.at(port);

    const paused = gate();
    house.host.reset();
    house.host.script.transfer = async (_hop, mint): Promise<Reply> => {
      await paused.opened;
      return { json: mint() };
    };
    // one after the other: as many at once would find no place to begin in
    const late: Promise<Answer>[] = [];
    const documents: Promise<Answer>[] = [];
    for (let n = 1; n <= PLACES; n++) {
      late.push(ask(port));
      await house.host.until(() => house.host.hops.length === n);
      documents.push(
        send(port, { path: `/authorize?${new URLSearchParams({ client_id: `${origin}/${n}` }).toString()}` }),
      );
      await eventually(() => held.length === n);
    }

    const newcomer = new Browser(port);
    await newcomer.signUp('newcomer');
    for (const path of ['/', '/hosts', '/requesters', '/timeline']) expect((await browser.get(path)).status).toBe(200);
    const token = { connection, resource: house.second.resource, scope: 'photos.read', port };
    expect((await requester.transfer(token)).status).toBe(200);
    expect((await browser.submit('/requesters', `/requesters/${connection.id}/stop`)).status).toBe(303);
    expect((await requester.transfer(token)).status).toBe(400);

    paused.open();
    for (const letGo of held) letGo();
    // whatever became of them, nobody was told that there is no room
    expect((await Promise.all(late)).map(({ status }) => status)).not.toContain(503);
    expect((await Promise.all(documents)).map(({ status }) => status)).toEqual(documents.map(() => 400));
    await holder.close();
  });
});
