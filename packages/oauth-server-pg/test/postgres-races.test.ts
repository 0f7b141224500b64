import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import type { OAuthStorage, TokenKey } from '@chatelaine/oauth-server';
import pg from 'pg';
import { createAllowances, createPgStorage } from '../src/index.ts';
import { type PgHarness, startHarness } from './harness.ts';

// The contract's races meet by chance; these are made to meet, by a transaction that is held open in the middle.

let server: Embedded;
let harness: PgHarness;
let storage: OAuthStorage;
beforeAll(async () => {
  server = await sharedEmbedded();
  harness = await startHarness(server);
  storage = harness.replicas[0];
});
afterAll(async () => {
  await harness.stop();
  await server.stop();
});

interface Link {
  readonly grantId: string;
  readonly code: TokenKey;
  readonly linkToken: TokenKey;
  readonly refreshToken: TokenKey;
}

const CLIENT = 'https://am.example/clients/x';
const hash = () => randomBytes(32);
const key = (): TokenKey => ({ bucket: 7, hash: hash() });
const REQUEST = {
  redirectUri: 'https://am.example/callback/x',
  scope: ['transfer'],
  transferScope: ['photos.read'],
  state: null,
  codeChallenge: 'x',
  jkt: null,
  prompt: null,
  extensions: {},
  answeredBy: null,
  isAuthenticated: false,
};

async function issue(): Promise<Link> {
  const request = { hash: hash(), clientId: CLIENT, browserHash: hash() };
  const link = { grantId: randomBytes(8).toString('hex'), code: key(), linkToken: key(), refreshToken: key() };
  await storage.saveRequest({ ...request, request: REQUEST, lifetimeSeconds: 90, atOnce: 1_000, guards: [] });
  await storage.claimRequest({ ...request, lifetimeSeconds: 90 });
  const grant = { id: link.grantId, subject: 's', bucket: 7, scope: ['transfer'], transferScope: ['photos.read'] };
  await storage.issueCode({
    ...request,
    requestHash: request.hash,
    codeHash: link.code.hash,
    codeLifetimeSeconds: 60,
    answer: { press: hash(), sealed: hash() },
    grant: { ...grant, expiresAt: null },
  });
  return link;
}

const redeem = (through: OAuthStorage, link: Link) =>
  through.redeemCode({
    code: link.code,
    clientId: CLIENT,
    isAuthenticated: false,
    jkt: null,
    tokens: [
      { hash: link.linkToken.hash, kind: 'lt', lifetimeSeconds: 3600 },
      { hash: link.refreshToken.hash, kind: 'rt', lifetimeSeconds: 7200 },
    ],
    guards: [],
  });

async function relate(): Promise<Link> {
  const link = await issue();
  await redeem(storage, link);
  return link;
}

const mint = (through: OAuthStorage, link: Link, token: TokenKey, transferGrantId: string) =>
  through.mintTransfer({
    linkToken: link.linkToken,
    clientId: CLIENT,
    transferGrantId,
    token: {
      hash: token.hash,
      lifetimeSeconds: 300,
      scope: ['photos.read'],
      audience: 'https://photos.example/api',
      jkt: 'k',
      act: { iss: 'https://am.example', sub: 'r' },
      actorName: null,
      actorUri: null,
    },
    guards: [],
  });

/** A storage whose steps stay uncommitted until `commit`. Only steps of one statement fit. */
async function holdOpen(): Promise<{ storage: OAuthStorage; client: pg.PoolClient; commit(): Promise<void> }> {
  const client = await harness.pools[1].connect();
  await client.query('begin');
  const pool = Object.assign(Object.create(pg.Pool.prototype) as pg.Pool, { query: client.query.bind(client) });
  return {
    storage: createPgStorage(pool),
    client,
    async commit() {
      await client.query('commit');
      client.release();
    },
  };
}

/** Resolves when a statement of ours waits for a lock. */
async function waitsForLock(): Promise<void> {
  for (const until = Date.now() + 10_000; Date.now() < until; ) {
    const { rows } = await harness.pools[0].query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if ((rows[0]?.count ?? 0) > 0) return;
  }
  throw new Error('Nothing waited for a lock: the step does not take it.');
}

describe('steps that overlap', () => {
  test('a first mint still being written when its transfer grant is ended is dead once the end is answered', async () => {
    const [link, token] = [await relate(), key()];
    const open = await holdOpen();
    expect(await mint(open.storage, link, token, 'overlap-1')).toMatchObject({ kind: 'minted' });
    const end = storage.endTransferGrant({ clientId: CLIENT, transferGrantId: 'overlap-1', guards: [] });
    await waitsForLock();
    await open.commit();
    expect(await end).toEqual({ kind: 'ended' });
    expect(await storage.findToken(token)).toBeNull();
  });

  test('a mint that meets an end still being written waits for it and is refused', async () => {
    const [link, token] = [await relate(), key()];
    const open = await holdOpen();
    await open.storage.endTransferGrant({ clientId: CLIENT, transferGrantId: 'overlap-2', guards: [] });
    const minted = mint(storage, link, token, 'overlap-2');
    await waitsForLock();
    await open.commit();
    expect(await minted).toEqual({ kind: 'ended' });
    expect(await storage.findToken(token)).toBeNull();
  });

  test('a mint, a refresh and a redemption committed after their grant ended have left nothing alive', async () => {
    const [minting, refreshing, redeeming] = [await relate(), await relate(), await issue()];
    const [minted, refreshed] = [key(), key()];
    const open = await holdOpen();
    expect(await mint(open.storage, minting, minted, 'overlap-3')).toMatchObject({ kind: 'minted' });
    expect(
      await open.storage.refresh({
        refreshToken: refreshing.refreshToken,
        clientId: CLIENT,
        idleSeconds: 60,
        accessToken: { hash: refreshed.hash, kind: 'lt', lifetimeSeconds: 60 },
        guards: [],
      }),
    ).toMatchObject({ kind: 'refreshed' });
    expect(await redeem(open.storage, redeeming)).toMatchObject({ kind: 'redeemed' });
    // answered although the others are not committed: an end waits for nobody
    for (const { grantId } of [minting, refreshing, redeeming]) {
      expect(await storage.endGrant({ id: grantId, by: 'owner' })).toBe(true);
    }
    await open.commit();
    for (const token of [minted, refreshed, redeeming.linkToken, redeeming.refreshToken]) {
      expect(await storage.findToken(token)).toBeNull();
    }
  });

  test('a second redemption waits for the first, is refused, and has ended its grant', async () => {
    const link = await issue();
    const open = await holdOpen();
    expect(await redeem(open.storage, link)).toMatchObject({ kind: 'redeemed' });
    const second = redeem(storage, link);
    await waitsForLock();
    await open.commit();
    expect(await second).toEqual({ kind: 'reused', grantId: link.grantId });
    expect(await storage.findToken(link.linkToken)).toBeNull();
  });

  test('a proof that is just being burned elsewhere is waited for and found replayed', async () => {
    const guard = { kind: 'dpop', key: 'k', jti: 'overlap', expiresAt: Date.now() / 1000 + 60 } as const;
    const open = await holdOpen();
    await open.storage.burn([guard]);
    const second = storage.burn([guard]);
    await waitsForLock();
    await open.commit();
    expect(await second).toEqual({ kind: 'replayed', guard: 'dpop' });
  });

  test('a client’s deletion waits for a consent being written and ends its grant', async () => {
    const [id, registrationTokenHash, request] = ['registered', hash(), { hash: hash(), browserHash: hash() }];
    const metadata = { redirect_uris: ['https://c.example/cb'] };
    await storage.insertClient({ id, registrationTokenHash, secretHash: null, metadata });
    await storage.saveRequest({
      ...request,
      clientId: id,
      request: REQUEST,
      lifetimeSeconds: 90,
      atOnce: 1_000,
      guards: [],
    });
    await storage.claimRequest({ ...request, clientId: id, lifetimeSeconds: 90 });
    const open = await holdOpen();
    const grant = {
      id: 'of-a-deleted-client',
      subject: 's',
      bucket: 7,
      scope: [],
      transferScope: null,
      expiresAt: null,
    };
    const issued = await open.storage.issueCode({
      ...request,
      requestHash: request.hash,
      clientId: id,
      codeHash: hash(),
      codeLifetimeSeconds: 60,
      answer: { press: hash(), sealed: hash() },
      grant,
    });
    expect(issued).toMatchObject({ kind: 'issued' });
    const deletion = storage.deleteClient({ id, registrationTokenHash });
    await waitsForLock();
    await open.commit();
    expect(await deletion).toEqual({ kind: 'deleted' });
    expect(await storage.endGrant({ id: grant.id, by: 'owner' })).toBe(false);
  });
});

describe('oauth_end_grant', () => {
  test('ends a grant within a service’s own transaction, or not at all', async () => {
    const link = await relate();
    const client = await harness.pools[0].connect();
    for (const [last, alive] of [
      ['rollback', true],
      ['commit', false],
    ] as const) {
      await client.query('begin');
      const { rows } = await client.query(`select oauth_end_grant($1, 'owner') as ended`, [link.grantId]);
      expect(rows).toEqual([{ ended: true }]);
      await client.query(last);
      expect((await storage.findToken(link.linkToken)) !== null).toBe(alive);
    }
    client.release();
  });
});

describe('an allowance', () => {
  const taken = async (takes: Promise<unknown>[]): Promise<number> =>
    (await Promise.allSettled(takes)).filter(({ status }) => status === 'fulfilled').length;
  const stored = async (key: string): Promise<number> =>
    (await harness.pools[0].query<{ points: number }>('select points from oauth_rate_limit where key = $1', [key]))
      .rows[0]?.points ?? 0;

  test('is never exceeded by all processes together, however many ask at once, and is used up but for what one of them holds', async () => {
    const limit = { name: 'races', points: 500, perSeconds: 3600 };
    const processes = [createAllowances(harness.pools[0]), createAllowances(harness.pools[1])] as const;
    const crowd = Array.from({ length: 900 }, (_, n) => processes[n % 2 === 0 ? 0 : 1].take(limit, 'a'));
    const granted = await taken(crowd);
    expect(granted).toBeLessThanOrEqual(500);
    // a block is ten
    expect(granted).toBeGreaterThan(480);
    for (const one of processes) await expect(one.take(limit, 'a', 11)).rejects.toMatchObject({ status: 429 });
    await expect(processes[0].take(limit, 'b')).resolves.toBeDefined();
  });

  test('costs a write for a block, not for each; what is given back was never taken', async () => {
    const limit = { name: 'blocks', points: 1000, perSeconds: 3600 };
    const allowances = createAllowances(harness.pools[0]);
    for (let n = 0; n < 20; n++) await allowances.take(limit, 'a');
    expect(await stored('blocks:a')).toBe(20);
    const giveBack = await allowances.take(limit, 'a', 15);
    giveBack();
    await allowances.take(limit, 'a', 20);
    expect(await stored('blocks:a')).toBe(40);
  });

  test('that is too small for what is asked at once leaves room for less, and begins anew with its next window', async () => {
    const limit = { name: 'windows', points: 60, perSeconds: 3600 };
    const allowances = createAllowances(harness.pools[0]);
    await allowances.take(limit, 'a', 50);
    await expect(allowances.take(limit, 'a', 20)).rejects.toMatchObject({
      status: 429,
      code: 'temporarily_unavailable',
    });
    await allowances.take(limit, 'a', 10);
    await expect(allowances.take(limit, 'a')).rejects.toMatchObject({ status: 429 });
    await harness.pools[0].query(`update oauth_rate_limit set expire = 0 where key = 'windows:a'`);
    const another = createAllowances(harness.pools[0]);
    await another.take(limit, 'a', 60);
    await expect(another.take(limit, 'a')).rejects.toMatchObject({ status: 429 });
  });
});
