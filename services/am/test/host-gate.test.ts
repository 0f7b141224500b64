import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, Browser, eventually, patience, send, serve } from '@chatelaine/test-kit';
import { SLOWLY } from './support/am-process.ts';
import { TestDeployment, type Story } from './support/deployment.ts';
import { pause, streamBatch } from './support/batch.ts';
import type { Reply } from './support/host-script.ts';

/** Long enough for a few calls, even on a slow machine. */
const OPEN_SECONDS = Math.ceil(patience(2) / 1000);

let deployment: TestDeployment;
let story: Story;

const ask = (port = deployment.ams[0].port): Promise<Answer> =>
  story.requester.transfer({
    connection: story.connection,
    resource: deployment.host.resource,
    scope: 'photos.read',
    port,
  });
const many = (count: number): Promise<Answer[]> => Promise.all(Array.from({ length: count }, () => ask()));
const statusErrorAndDelay = ({ status, json, headers }: Answer) => [
  status,
  json['error'],
  Number(headers['retry-after'] ?? 0),
];
const html: Reply = { status: 500, body: '<h1>Oops</h1>', headers: { 'content-type': 'text/html' } };

beforeAll(async () => {
  deployment = await TestDeployment.build({ failuresToOpen: 5, openSeconds: OPEN_SECONDS, ...SLOWLY });
  story = await deployment.story({ 'photos.read': 'allow' });
});
beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());

const recovered = () => eventually(async () => (await ask()).status === 200);

describe('a Host that fails again and again', () => {
  it('is left alone after five failures in a row: 503 at once and when to return; then one call tries it', async () => {
    deployment.host.script.transfer = () => html;
    for (let failed = 0; failed < 5; failed++) expect((await ask()).status).toBe(502);
    for (let again = 0; again < 3; again++) {
      const [status, error, retryAfter] = statusErrorAndDelay(await ask());
      expect([status, error]).toEqual([503, 'temporarily_unavailable']);
      // the circuit is still open, so no request has waited
      expect(retryAfter).toBeGreaterThan(0);
      expect(retryAfter).toBeLessThanOrEqual(OPEN_SECONDS);
    }
    expect(deployment.host.hops).toHaveLength(5);

    deployment.host.reset();
    await recovered();
    expect(deployment.host.hops).toHaveLength(1);
    expect((await many(5)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  it('in one process says nothing to another, and is in no database', async () => {
    deployment.host.script.transfer = () => html;
    for (let failed = 0; failed < 6; failed++) await ask();
    expect((await ask()).status).toBe(503);
    deployment.host.reset();
    expect((await ask(deployment.ams[1].port)).status).toBe(200);
    await recovered();
  });

  it('only while it is tried, one call is under way; the others are told at once', async () => {
    deployment.host.script.transfer = () => html;
    for (let failed = 0; failed < 5; failed++) await ask();
    deployment.host.reset();
    const paused = pause(deployment.host);
    const arrived = deployment.host.until(() => deployment.host.hops.length > 0);
    let trying: Promise<Answer> | undefined;
    await eventually(async () => {
      trying = ask();
      await Promise.race([trying, arrived]);
      return deployment.host.hops.length > 0;
    });
    expect((await many(5)).map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    expect(deployment.host.hops).toHaveLength(1);
    paused.open();
    expect((await trying)?.status).toBe(200);
  });

  it('tried for somebody who does not wait, is neither back nor failed: the next call tries it, alone', async () => {
    deployment.host.script.transfer = () => html;
    for (let failed = 0; failed < 5; failed++) await ask();
    deployment.host.reset();
    const paused = pause(deployment.host);
    const items = [{ id: 'a', resource: deployment.host.resource, scope: 'photos.read' }];
    const answered = async () =>
      (await deployment.transfers(story.connection)).filter(({ state }) => state !== 'intent').length;
    let [before, trying] = [0, await streamBatch(deployment, story, { items })];
    const arrived = deployment.host.until(() => deployment.host.hops.length > 0);
    await eventually(async () => {
      before = await answered();
      await Promise.race([trying.next().catch(() => null), arrived]);
      if (deployment.host.hops.length > 0) return true;
      trying = await streamBatch(deployment, story, { items });
      return false;
    });
    trying.response.destroy();
    await eventually(async () => (await answered()) > before);

    const next = ask();
    await Promise.race([next, deployment.host.until(() => deployment.host.hops.length > 1)]);
    expect(deployment.host.hops).toHaveLength(2);
    expect(statusErrorAndDelay(await ask())).toEqual([503, 'temporarily_unavailable', 1]);
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
      deployment.host.script.transfer = () => reply;
      for (let again = 0; again < 6; again++) await ask();
    }
    deployment.host.script.transfer = (_hop, mint) => ({ json: { ...mint(), iss: 'http://other.localhost' } });
    for (let again = 0; again < 6; again++) expect((await ask()).status).toBe(502);
    deployment.host.reset();
    expect((await ask()).status).toBe(200);
  });

  it('is told of ends all the same', async () => {
    const ending = await deployment.story({ 'photos.read': 'allow' });
    deployment.host.script.transfer = () => html;
    for (let failed = 0; failed < 6; failed++) await ask();
    expect((await ask()).status).toBe(503);
    await ending.owner.browser.submit('/apps', `/apps/${ending.connection.id}/stop`, {});
    await deployment.host.until(() => deployment.host.revoked.length > 0);
    deployment.host.reset();
    await recovered();
  });
});

describe('a Host that is slow', () => {
  it('has fifteen calls of one Requester under way and fifteen waiting, a second each; others have room', async () => {
    const other = await deployment.beside(story, { 'photos.read': 'allow' });
    const paused = pause(deployment.host);
    const asked = Array.from({ length: 35 }, () => ask());
    const refused = Promise.all(
      asked.map(async (answer) => {
        const { status } = await answer;
        return status;
      }),
    );
    await deployment.host.until(() => deployment.host.hops.length === 15);
    const early = await Promise.race(asked);
    expect(statusErrorAndDelay(early)).toEqual([503, 'temporarily_unavailable', SLOWLY.waitSeconds]);
    const others = Array.from({ length: 5 }, () =>
      other.requester.transfer({
        connection: other.connection,
        resource: deployment.host.resource,
        scope: 'photos.read',
      }),
    );
    await deployment.host.until(() => deployment.host.hops.length === 20);
    // requests that wait time out by themselves: 20 are answered while the Host is still silent
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
    expect(deployment.host.hops).toHaveLength(20);
    paused.open();
    const statuses = await refused;
    expect(statuses.filter((status) => status === 200)).toHaveLength(15);
    expect(statuses.filter((status) => status === 503)).toHaveLength(20);
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await ask()).status).toBe(200);
  });

  it('whatever it is slow with, the whole is answered 504 within the time for all of it', async () => {
    const over = new AbortController();
    // more than half of the time for the whole hop, in milliseconds
    const each = SLOWLY.hopSeconds * 600;
    const slowly = async (reply: () => Reply): Promise<Reply> => {
      await sleep(each, null, { signal: over.signal }).catch(() => null);
      return reply();
    };
    deployment.host.expireLinkTokens();
    // a refusal, a refresh and a second try, each of which is in time by itself
    deployment.host.script.refresh = (_call, renew) => slowly(() => ({ json: renew() }));
    deployment.host.script.transfer = () => slowly(() => ({ status: 400, json: { error: 'invalid_request' } }));
    await deployment.rows(`update link set access_expires_at = now() where id = $1`, [story.linkId]);
    expect(statusErrorAndDelay(await ask())).toEqual([504, 'temporarily_unavailable', 5]);
    // the second try was not awaited; without the bound it would have been made
    expect(deployment.host.hops).toHaveLength(1);
    over.abort();
  });
});

describe('strangers that answer late', () => {
  /** The AM of this test has four slots, three of them for programs. */
  const SLOTS = 4;

  it('hold no slot of others, Hosts or client documents: pages, sign-in, stops and good Hosts go on', async () => {
    const held: (() => void)[] = [];
    const holder = await serve((_request, response) => void held.push(() => response.writeHead(404).end()));
    const { exceptions } = deployment.config;
    const origin = `http://holder.localhost:${holder.port}`;
    const exception = { host: 'holder.localhost', port: holder.port, scheme: 'http', cidr: '127.0.0.1/32' } as const;
    const { port } = await deployment.another({
      config: { requestsAtOnce: SLOTS, exceptions: [...exceptions, exception] },
    });
    const owner = await deployment.owner();
    const linkId = await deployment.link(owner, deployment.second);
    const requester = deployment.requester({ name: 'Honest' });
    const connection = await deployment.connect({ owner, requester, linkId, answers: { 'photos.read': 'allow' } });
    const browser = owner.browser.at(port);

    deployment.host.reset();
    const paused = pause(deployment.host);
    // one after the other: sent at once, they would find no slot to begin in
    const late: Promise<Answer>[] = [];
    const documents: Promise<Answer>[] = [];
    for (let n = 1; n <= SLOTS; n++) {
      late.push(ask(port));
      await deployment.host.until(() => deployment.host.hops.length === n);
      documents.push(
        send(port, { path: `/authorize?${new URLSearchParams({ client_id: `${origin}/${n}` }).toString()}` }),
      );
      await eventually(() => held.length === n);
    }

    const newcomer = new Browser(port);
    await newcomer.signUp('newcomer');
    for (const path of ['/', '/hosts', '/apps', '/timeline']) expect((await browser.get(path)).status).toBe(200);
    const token = { connection, resource: deployment.second.resource, scope: 'photos.read', port };
    expect((await requester.transfer(token)).status).toBe(200);
    expect((await browser.submit('/apps', `/apps/${connection.id}/stop`)).status).toBe(303);
    expect((await requester.transfer(token)).status).toBe(400);

    paused.open();
    for (const release of held) release();
    // whatever the outcome, none was refused for want of a slot
    expect((await Promise.all(late)).map(({ status }) => status)).not.toContain(503);
    expect((await Promise.all(documents)).map(({ status }) => status)).toEqual(documents.map(() => 400));
    await holder.close();
  });
});
