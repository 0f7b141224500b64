import assert from 'node:assert/strict';
import { type Bench, race, type TestRunner } from './harness.ts';
import { freshTransferGrantId, mint } from './minting.ts';
import {
  assertAlive,
  DAY,
  freshGuard,
  freshHash,
  freshId,
  HOUR,
  issue,
  now,
  openRequest,
  redeem,
  refresh,
  relate,
} from './relationship.ts';

const METADATA = { redirect_uris: ['https://client.example/callback'] };

/** Reaps until no expired row is left. */
async function reapAll(bench: Bench): Promise<number> {
  for (let total = 0; ; ) {
    const reaped = await bench.storage.reap();
    if (reaped === 0) return total;
    total += reaped;
  }
}

export function reapContract({ it }: TestRunner, bench: Bench): void {
  it('what is alive is left alone', async () => {
    const link = await relate(bench.storage);
    const minted = await mint(bench.storage, link);
    const issued = await issue(bench.storage);
    const open = await openRequest(bench.storage);
    await reapAll(bench);
    await assertAlive(bench.replicas, link.accessToken, link.refreshToken, minted.token);
    assert.equal((await redeem(bench.storage, issued)).outcome.kind, 'redeemed');
    assert.equal((await bench.storage.claimRequest({ ...open, lifetimeSeconds: 600 })).kind, 'claimed');
    await bench.age(30 * DAY);
    await reapAll(bench);
    assert.equal((await refresh(bench.storage, link)).outcome.kind, 'refreshed');
  });

  it('what is past its time goes and is counted, and then there is nothing more to do', async () => {
    await reapAll(bench);
    const issued = await issue(bench.storage);
    await openRequest(bench.storage);
    await bench.storage.burn([freshGuard()]);
    await bench.age(3 * DAY);
    assert.ok((await reapAll(bench)) >= 3);
    assert.equal(await bench.storage.readCode(issued.code), null);
    assert.equal(await bench.storage.reap(), 0);
  });

  it('many reaping at the same moment share the work', async () => {
    // rows that other tests have left are reaped first, so that they are not counted here
    await bench.age(2.5 * DAY);
    await reapAll(bench);
    await race(bench, 40, (storage) => storage.burn([freshGuard(), freshGuard()]));
    await bench.age(HOUR / 6);
    const first = await race(bench, 8, (storage) => storage.reap());
    const rest = await reapAll(bench);
    assert.equal(first.reduce((sum, count) => sum + count, 0) + rest, 80);
  });

  it('a grant that was never redeemed is ended', async () => {
    const issued = await issue(bench.storage);
    await bench.age(HOUR);
    await reapAll(bench);
    assert.equal(await bench.storage.endGrant({ id: issued.grant.id, by: 'owner' }), false);
  });

  it('a relationship that was not used for too long is ended; one that was is not', async () => {
    const [unused, used] = [await relate(bench.storage), await relate(bench.storage)];
    await bench.age(80 * DAY);
    await refresh(bench.storage, used);
    await bench.age(20 * DAY);
    await reapAll(bench);
    assert.equal(await bench.storage.endGrant({ id: unused.grant.id, by: 'owner' }), false);
    assert.equal(await bench.storage.endGrant({ id: used.grant.id, by: 'owner' }), true);
  });

  it('a grant past the owner’s “until when” goes with all it had', async () => {
    const link = await relate(bench.storage, { grant: { expiresAt: now() + HOUR } });
    await bench.age(HOUR + 3 * DAY);
    await reapAll(bench);
    await bench.age(3 * DAY);
    await reapAll(bench);
    assert.equal(await bench.storage.readCode(link.code), null);
    assert.deepEqual(await bench.storage.revokeToken({ key: link.refreshToken, clientId: link.clientId, guards: [] }), {
      kind: 'unknown',
    });
  });

  it('an ended transfer grant refuses mints for as long as its link lives', async () => {
    const link = await relate(bench.storage);
    const { transferGrantId } = await mint(bench.storage, link);
    await bench.storage.endTransferGrant({ clientId: link.clientId, transferGrantId, guards: [] });
    await bench.age(60 * DAY);
    await reapAll(bench);
    const { accessToken } = await refresh(bench.storage, link);
    assert.deepEqual((await mint(bench.storage, link, { transferGrantId, linkToken: accessToken })).outcome, {
      kind: 'ended',
    });
  });

  it('one that was ended before it was heard of refuses mints for days', async () => {
    const link = await relate(bench.storage);
    const transferGrantId = freshTransferGrantId();
    await bench.storage.endTransferGrant({ clientId: link.clientId, transferGrantId, guards: [] });
    await bench.age(6 * DAY);
    await reapAll(bench);
    const { accessToken } = await refresh(bench.storage, link);
    assert.deepEqual((await mint(bench.storage, link, { transferGrantId, linkToken: accessToken })).outcome, {
      kind: 'ended',
    });
  });

  it('a client that registered and was never used is forgotten after a day; one agreed to is not', async () => {
    const [unused, used] = [freshId('client'), freshId('client')];
    for (const id of [unused, used])
      await bench.storage.insertClient({
        id,
        metadata: METADATA,
        registrationTokenHash: freshHash(),
        secretHash: null,
      });
    await relate(bench.storage, { clientId: used });
    await bench.age(23 * HOUR);
    await reapAll(bench);
    assert.notEqual(await bench.storage.findClient(unused), null);
    await bench.age(2 * HOUR);
    await reapAll(bench);
    assert.equal(await bench.storage.findClient(unused), null);
    await bench.age(200 * DAY);
    await reapAll(bench);
    assert.notEqual(await bench.storage.findClient(used), null);
  });

  it('all that is past its time goes in one turn, not a batch of it', async () => {
    const guards = Array.from({ length: 2_500 }, () => freshGuard('dpop'));
    for (let n = 0; n < guards.length; n += 500) await bench.storage.burn(guards.slice(n, n + 500));
    await bench.age(HOUR);
    assert.ok((await bench.storage.reap()) >= guards.length);
    assert.equal(await bench.storage.reap(), 0);
  });

  it('a document is kept for a day after it went stale at the latest, and then forgotten', async () => {
    const url = `https://client.example/${freshId('document')}`;
    await bench.storage.writeDocument({ url, body: {}, freshForSeconds: 300 });
    await bench.age(DAY);
    await reapAll(bench);
    assert.notEqual(await bench.storage.readDocument(url), null);
    await bench.age(2 * DAY);
    await reapAll(bench);
    assert.equal(await bench.storage.readDocument(url), null);
  });
}
