import assert from 'node:assert/strict';
import { type Bench, race, rounds, type TestRunner } from './harness.ts';
import { LIMIT } from '@chatelaine/protocol';
import { freshTransferGrantId, mint } from './minting.ts';
import { assertAlive, assertDead, freshGuard, freshId, relate } from './relationship.ts';

const end = (bench: Bench, clientId: string, transferGrantId: string) =>
  bench.replicas[1].endTransferGrant({ clientId, transferGrantId, guards: [] });

export function transferGrantContract({ it }: TestRunner, bench: Bench): void {
  it('ending a transfer grant kills its tokens and refuses later mints, and spares the link’s others', async () => {
    const link = await relate(bench.storage);
    const [ended, other] = [await mint(bench.storage, link), await mint(bench.storage, link)];
    assert.deepEqual(await end(bench, link.clientId, ended.transferGrantId), { kind: 'ended' });
    await assertDead(bench.replicas, ended.token);
    const { transferGrantId } = ended;
    assert.deepEqual((await mint(bench.replicas[0], link, { transferGrantId })).outcome, { kind: 'ended' });
    assert.deepEqual(await end(bench, link.clientId, transferGrantId), { kind: 'ended' });
    await assertAlive(bench.replicas, other.token, link.accessToken, link.refreshToken);
    assert.equal((await mint(bench.storage, link, { transferGrantId: other.transferGrantId })).outcome.kind, 'minted');
  });

  it('ending one that was never heard of refuses the mint that is still on its way', async () => {
    const link = await relate(bench.storage);
    const transferGrantId = freshTransferGrantId();
    assert.deepEqual(await end(bench, link.clientId, transferGrantId), { kind: 'ended' });
    const { token, outcome } = await mint(bench.storage, link, { transferGrantId });
    assert.deepEqual(outcome, { kind: 'ended' });
    await assertDead(bench.replicas, token);
  });

  it('ending what was never heard of leaves nothing for a client without links, and else a bounded trace', async () => {
    const stranger = freshId('client');
    for (let n = 0; n < 3; n++) assert.deepEqual(await end(bench, stranger, freshTransferGrantId()), { kind: 'ended' });
    const link = await relate(bench.storage);
    const { transferGrantId } = await mint(bench.storage, link);
    const most = LIMIT.unknownEndsPerClient + LIMIT.unknownEndsPerLink;
    for (let n = 0; n < most; n += 20) {
      const ends = Array.from({ length: 20 }, () => end(bench, link.clientId, freshTransferGrantId()));
      assert.deepEqual(new Set((await Promise.all(ends)).map(({ kind }) => kind)), new Set(['ended']));
    }
    // concurrent ones may not see each other when they are counted
    const more = await Promise.all(Array.from({ length: 20 }, () => end(bench, link.clientId, freshTransferGrantId())));
    assert.deepEqual(more.at(-1), { kind: 'too_many' });
    // a transfer grant that is known can still be ended, and another link has room of its own
    assert.deepEqual(await end(bench, link.clientId, transferGrantId), { kind: 'ended' });
    assert.deepEqual((await mint(bench.storage, link, { transferGrantId })).outcome, { kind: 'ended' });
    await relate(bench.storage, { clientId: link.clientId });
    assert.deepEqual(await end(bench, link.clientId, freshTransferGrantId()), { kind: 'ended' });
  });

  it('a client ends its own transfer grants only, even under the same id', async () => {
    const [mine, theirs] = [await relate(bench.storage), await relate(bench.storage)];
    const minted = await mint(bench.storage, mine);
    const { transferGrantId } = minted;
    await end(bench, theirs.clientId, transferGrantId);
    await assertAlive(bench.replicas, minted.token);
    assert.equal((await mint(bench.storage, mine, { transferGrantId })).outcome.kind, 'minted');
  });

  it('a transfer grant belongs to one link and one Requester', async () => {
    const link = await relate(bench.storage);
    const sameClient = await relate(bench.storage, { clientId: link.clientId });
    const { transferGrantId } = await mint(bench.storage, link);
    assert.deepEqual((await mint(bench.storage, sameClient, { transferGrantId })).outcome, { kind: 'ended' });
    const act = { iss: 'https://am.example', sub: 'https://somebody-else.example/client' };
    assert.deepEqual((await mint(bench.storage, link, { transferGrantId, token: { act } })).outcome, { kind: 'ended' });
    assert.equal((await mint(bench.storage, link, { transferGrantId })).outcome.kind, 'minted');
  });

  it('the actor is called what the AM called it at the last mint', async () => {
    const link = await relate(bench.storage);
    const { token, transferGrantId } = await mint(bench.storage, link);
    await mint(bench.storage, link, { transferGrantId, token: { actorName: 'Printing deployment' } });
    assert.equal((await bench.storage.findToken(token))?.actorName, 'Printing deployment');
    await mint(bench.storage, link, { transferGrantId, token: { actorName: null } });
    assert.equal((await bench.storage.findToken(token))?.actorName, null);
  });

  it('a mint over the ceiling leaves no transfer grant behind', async () => {
    const link = await relate(bench.storage);
    const { transferGrantId } = await mint(bench.storage, link, { token: { scope: ['beyond'] } });
    const other = await relate(bench.storage, { clientId: link.clientId });
    assert.equal((await mint(bench.storage, other, { transferGrantId })).outcome.kind, 'minted');
  });

  it('a replayed assertion ends nothing', async () => {
    const link = await relate(bench.storage);
    const minted = await mint(bench.storage, link);
    const guard = freshGuard('assertion');
    await bench.storage.burn([guard]);
    const { clientId } = link;
    const outcome = await bench.storage.endTransferGrant({
      clientId,
      transferGrantId: minted.transferGrantId,
      guards: [guard],
    });
    assert.deepEqual(outcome, { kind: 'replayed', guard: 'assertion' });
    await assertAlive(bench.replicas, minted.token);
  });

  it('after the answer that a transfer grant has ended, no mint that overlapped it has left a live token', async () => {
    await rounds(25, async (n) => {
      const link = await relate(bench.storage);
      const transferGrantId = freshTransferGrantId();
      if (n % 3 === 0) await mint(bench.storage, link, { transferGrantId });
      const mints = race(bench, 6, (storage) => mint(storage, link, { transferGrantId }));
      await end(bench, link.clientId, transferGrantId);
      const [minted, late] = await Promise.all([mints, mint(bench.replicas[0], link, { transferGrantId })]);
      assert.deepEqual(late.outcome, { kind: 'ended' });
      await assertDead(bench.replicas, ...minted.map(({ token }) => token));
    });
  });

  it('after the answer that a link has ended, no mint that overlapped it has left a live token', async () => {
    await rounds(25, async () => {
      const link = await relate(bench.storage);
      const mints = race(bench, 6, (storage) => mint(storage, link));
      await bench.replicas[1].endGrant({ id: link.grant.id, by: 'owner' });
      assert.deepEqual((await mint(bench.replicas[0], link)).outcome, { kind: 'unknown' });
      await assertDead(bench.replicas, ...(await mints).map(({ token }) => token));
    });
  });
}
