import { openPool } from '@chatelaine/postgres';
import { drain } from '@chatelaine/service-kit';
import { Browser, eventually } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Story, TestDeployment } from './support/deployment.ts';
import { type EventStream, listen } from './support/event-stream.ts';

const ANSWERS = { 'photos.read': 'ask', 'photos.write': 'ask', 'albums.read': 'allow' } as const;
const LIVE = { perOwner: 3, inAll: 1_000, beatSeconds: 1, gatherMs: 100 };
const NEVER_MS = 2_000_000_000;
let deployment: TestDeployment;
let story: Story;

beforeAll(async () => {
  deployment = await TestDeployment.build({ config: { live: LIVE } });
  story = await deployment.story(ANSWERS);
});
afterAll(() => deployment.close());

const ask = ({ requester, connection }: Story, scope = 'photos.read', port = deployment.ams[0].port) =>
  requester.transfer({ connection, resource: deployment.host.resource, scope, port });
const elsewhere = ({ owner }: Story): Browser => owner.browser.at(deployment.ams[1].port);
/** Resolves when both processes listen for notifications, so that none sent from here on is missed. */
const listening = () =>
  eventually(async () => {
    const [row] = await deployment.rows<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
        where datname = current_database() and application_name = 'am-changes'
         and state = 'idle' and query ilike any(array['listen%', 'select 1'])`,
    );
    return row !== undefined && row.n >= 2;
  });

describe('an open page', () => {
  it('hears of a question at whichever process it came, and of none of anybody else’s', async () => {
    await listening();
    const other = await deployment.story(ANSWERS);
    const [here, there, theirs] = [
      await listen(story.owner.browser),
      await listen(elsewhere(story)),
      await listen(other.owner.browser),
    ];
    expect([here.status, here.headers['content-type'], here.headers['cache-control']]).toEqual([
      200,
      'text/event-stream',
      'no-store',
    ]);
    await ask(story);
    await Promise.all([here, there].map((stream) => eventually(() => stream.changes() === 1)));
    await ask(other, 'photos.read', deployment.ams[1].port);
    await eventually(() => theirs.changes() === 1);
    expect([here.changes(), there.changes()]).toEqual([1, 1]);
    // the events carry no data
    expect(
      here
        .text()
        .replaceAll(/^(retry: 2000|id: 1|data: changed|:)?$/gm, '')
        .trim(),
    ).toBe('');
    for (const stream of [here, there, theirs]) stream.close();
  });

  it('shows the question when it looks again, at Home and under Questions', async () => {
    const { browser } = (await deployment.beside(story, ANSWERS)).owner;
    for (const path of ['/', '/asks']) {
      const page = await browser.get(path);
      expect([path, page.text]).toEqual([
        path,
        expect.stringMatching(/data-changes="\/changes"[^]*data-live="listens"/),
      ]);
      expect(page.text).toMatch(/<script src="\/live\.js\?v=/);
    }
  });

  it('hears of each try to tell a Host of an end, and of its confirmation', async () => {
    const stopped = await deployment.story(ANSWERS);
    const { browser } = stopped.owner;
    let refusing = true;
    deployment.host.script.revoke = () => ({ status: refusing ? 503 : 200 });
    const stream = await listen(elsewhere(stopped));
    await browser.submit('/apps', `/apps/${stopped.connection.id}/stop`);
    await eventually(() => stream.changes() > 1);
    refusing = false;
    const before = stream.changes();
    await eventually(async () =>
      (await browser.get(`/apps/${stopped.connection.id}`)).words.includes('Nothing is left'),
    );
    await eventually(() => stream.changes() > before);
    deployment.host.reset();
    stream.close();
  });

  it('that begins to listen just after something changed looks again at once', async () => {
    const late = await deployment.story(ANSWERS);
    const am = await deployment.another({ config: { live: { ...LIVE, beatSeconds: 3_600 } } });
    const browser = late.owner.browser.at(am.port);
    const first = await listen(browser);
    await ask(late);
    await eventually(() => first.changes() === 1);
    const second = await listen(browser);
    await eventually(() => second.changes() === 1);
    for (const stream of [first, second]) stream.close();
  });

  it('that comes back looks again at once: it may have missed something', async () => {
    const { browser } = await deployment.owner();
    const [first, back] = [await listen(browser), await listen(browser, { 'last-event-id': '1' })];
    await eventually(() => back.changes() === 1);
    expect(first.changes()).toBe(0);
    for (const stream of [first, back]) stream.close();
  });

  it('looks again after the connection to the database was lost, and hears of what comes then', async () => {
    await listening();
    const cut = await deployment.story(ANSWERS);
    const stream = await listen(cut.owner.browser);
    await deployment.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'am-changes'`,
    );
    await eventually(() => stream.changes() === 1);
    await ask(cut, 'photos.write');
    await eventually(() => stream.changes() === 2);
    stream.close();
  });

  it('is of somebody who is signed in, and ends with their session, wherever that was ended', async () => {
    const { browser } = await deployment.owner();
    const stream = await listen(browser.at(deployment.ams[1].port));
    const kept = await listen(story.owner.browser);
    await browser.submit('/', '/sign-out');
    await eventually(() => stream.hasEnded());
    expect(kept.hasEnded()).toBe(false);
    kept.close();
    expect((await listen(browser)).status).toBe(303);
    expect((await listen(new Browser(deployment.ams[0].port))).status).toBe(303);
  });

  it('is one of so many of its owner’s, whose slot is free when it is closed, and takes none of others', async () => {
    const { browser } = await deployment.owner();
    const streams: EventStream[] = [];
    for (let n = 0; n < LIVE.perOwner; n++) streams.push(await listen(browser));
    const refused = await listen(browser);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '30']);
    const other = await listen((await deployment.owner()).browser);
    expect(other.status).toBe(200);
    streams[0]?.close();
    await eventually(async () => {
      const again = await listen(browser);
      streams.push(again);
      return again.status === 200;
    });
    for (const stream of [...streams, other]) stream.close();
  });

  it('is one of so many in all', async () => {
    const small = await deployment.another({ config: { live: { ...LIVE, inAll: 1 } } });
    const [one, other] = [await deployment.owner(), await deployment.owner()];
    const stream = await listen(one.browser.at(small.port));
    expect((await listen(other.browser.at(small.port))).status).toBe(429);
    stream.close();
  });
});

describe('a process that goes down', () => {
  it.each(['drain', 'close'] as const)('ends open pages at once, by %s, and lets in no more', async (how) => {
    const am = await deployment.another();
    const browser = story.owner.browser.at(am.port);
    const stream = await listen(browser);
    if (how === 'close') await am.app.close();
    else {
      const draining = drain(am.app, { noticeMs: 500, graceMs: NEVER_MS });
      await stream.ended;
      // while the process still accepts requests
      expect((await listen(browser)).status).toBe(503);
      await draining;
    }
    await stream.ended;
  });
});

describe('what every process is told', () => {
  /** Listens on the channel, as any database client can, and returns the payloads that `work` sends. */
  async function notificationsDuring(
    work: () => Promise<unknown>,
    until: (said: string[]) => boolean,
  ): Promise<string[]> {
    const pool = openPool({ url: deployment.config.databaseUrl, name: 'test', max: 1 });
    const client = await pool.connect();
    const said: string[] = [];
    client.on('notification', ({ payload = '' }) => void said.push(payload));
    await client.query('listen am_changes');
    try {
      await work();
      await eventually(() => until(said));
    } finally {
      client.release(true);
      await pool.end();
    }
    return said;
  }

  it('is nothing of transfers, and each owner once a time, however many of their questions come', async () => {
    const am = await deployment.another({ config: { live: { ...LIVE, gatherMs: 500 } } });
    const [one, other, quiet] = [
      await deployment.story(ANSWERS),
      await deployment.story(ANSWERS),
      await deployment.story(ANSWERS),
    ];
    const said = await notificationsDuring(
      async () => {
        for (let n = 0; n < 3; n++) expect((await ask(quiet, 'albums.read', am.port)).status).toBe(200);
        const scopes = ['photos.read', 'photos.write'];
        await Promise.all([one, other].flatMap((by) => scopes.map((scope) => ask(by, scope, am.port))));
      },
      (all) => [one, other].every(({ owner }) => all.join(' ').includes(owner.id)),
    );
    for (const words of said) expect(new Set(words.split(' ')).size).toBe(words.split(' ').length);
    expect(said.join(' ')).not.toContain(quiet.owner.id);
  });
});
