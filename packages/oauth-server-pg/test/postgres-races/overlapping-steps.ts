import { describe, expect, test } from '@jest/globals';
import type { OAuthStorage, TokenKey } from '@chatelaine/oauth-server';
import pg from 'pg';
import { createPgStorage, withdrawScopes } from '../../src/index.ts';
import { harness, storage, type Link, CLIENT, BUCKET, hash, key, REQUEST, issue, redeem, relate } from './scene.ts';

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

/** A storage whose steps are not committed until `commit`; for steps of one statement only. */
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

/** Resolves when one of our statements waits for a lock. */
async function waitsForLock(): Promise<void> {
  for (const until = Date.now() + 10_000; Date.now() < until; ) {
    const { rows } = await harness.pools[0].query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if ((rows[0]?.count ?? 0) > 0) return;
  }
  throw new Error('Nothing waited for a lock: the step does not take it.');
}

export function overlappingSteps(): void {
  describe('steps that overlap', () => {
    test('a first mint in progress while its transfer grant is ended is dead once the end is answered', async () => {
      const [link, token] = [await relate(), key()];
      const open = await holdOpen();
      expect(await mint(open.storage, link, token, 'overlap-1')).toMatchObject({ kind: 'minted' });
      const end = storage.endTransferGrant({ clientId: CLIENT, transferGrantId: 'overlap-1', guards: [] });
      await waitsForLock();
      await open.commit();
      expect(await end).toEqual({ kind: 'ended' });
      expect(await storage.findToken(token)).toBeNull();
    });

    test('a mint waits for an end that is not committed yet, and is refused', async () => {
      const [link, token] = [await relate(), key()];
      const open = await holdOpen();
      await open.storage.endTransferGrant({ clientId: CLIENT, transferGrantId: 'overlap-2', guards: [] });
      const minted = mint(storage, link, token, 'overlap-2');
      await waitsForLock();
      await open.commit();
      expect(await minted).toEqual({ kind: 'ended' });
      expect(await storage.findToken(token)).toBeNull();
    });

    test('a mint, a refresh and a redemption committed after their grant ended leave nothing alive', async () => {
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
      // an end does not wait for the others, which are not committed
      for (const { grantId } of [minting, refreshing, redeeming]) {
        expect(await storage.endGrant({ id: grantId, by: 'owner' })).toBe(true);
      }
      await open.commit();
      for (const token of [minted, refreshed, redeeming.linkToken, redeeming.refreshToken]) {
        expect(await storage.findToken(token)).toBeNull();
      }
    });

    test('a mint committed after one of its scopes was withdrawn is dead; others stay alive', async () => {
      const [link, token, before] = [await relate(), key(), key()];
      const open = await holdOpen();
      expect(await mint(storage, link, before, 'overlap-4')).toMatchObject({ kind: 'minted' });
      expect(await mint(open.storage, link, token, 'overlap-5')).toMatchObject({ kind: 'minted' });
      // does not wait for the mint, which is not committed
      await withdrawScopes(harness.pools[0], { subject: 's', scopes: ['photos.read'] });
      await open.commit();
      const proof = { jkt: 'k', jti: 'of withdrawn', iat: Date.now() / 1000, expiresAt: Date.now() / 1000 + 60 };
      for (const each of [before, token]) {
        expect(await storage.findToken(each)).toBeNull();
        const used = await storage.useToken({ token: each, audience: 'https://photos.example/api', proof });
        expect(used).toEqual({ token: null, proof: 'untouched' });
      }
      expect(await mint(storage, link, key(), 'overlap-6')).toEqual({ kind: 'over_ceiling' });
      expect(await storage.findToken(link.linkToken)).not.toBeNull();
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

    test('a proof that is being burned elsewhere is waited for, and found replayed', async () => {
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
        bucket: BUCKET,
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
        answer: { press: hash(), encrypted: hash() },
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
}
