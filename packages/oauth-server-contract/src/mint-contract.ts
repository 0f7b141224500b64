import assert from 'node:assert/strict';
import { type Bench, countKind, race, type TestRunner } from './harness.ts';
import { freshTransferGrantId, mint } from './minting.ts';
import {
  assertAlive,
  assertDead,
  freshGuard,
  freshHash,
  freshId,
  HOUR,
  now,
  relate,
  type Relationship,
} from './relationship.ts';

export function mintContract({ it }: TestRunner, bench: Bench): void {
  it('a mint is found with its audience, scope, actor, key and the owner’s grant', async () => {
    const link = await relate(bench.storage);
    const { token, outcome } = await mint(bench.replicas[0], link);
    const { expiresAt: _, ...granted } = link.grant;
    const grant = { ...granted, clientId: link.clientId, jkt: null, answeredBy: null, isAuthenticated: false };
    assert.equal(outcome.kind, 'minted');
    assert.ok(Math.abs(outcome.expiresAt - now() - 300) < 10);
    const found = await bench.replicas[1].findToken(token);
    assert.deepEqual(found, {
      kind: 'at',
      grant,
      scope: ['photos.read'],
      issuedAt: found?.issuedAt,
      expiresAt: outcome.expiresAt,
      jkt: 'thumbprint-of-the-requester',
      audience: 'https://photos.example/api',
      act: { iss: 'https://am.example', sub: 'https://requester.example/client' },
      actorName: 'Printing shop',
      isReplaced: false,
      generation: null,
      readAt: found?.readAt,
    });
  });

  it('a Bearer token has no key, not the link’s', async () => {
    const link = await relate(bench.storage, { request: { jkt: 'key-of-the-link' } });
    const { token } = await mint(bench.storage, link, { token: { jkt: null } });
    const found = await bench.storage.findToken(token);
    assert.equal(found?.kind, 'at');
    assert.equal(found.jkt, null);
  });

  it('a mint never outlives the link', async () => {
    const expiresAt = now() + 100;
    const { outcome } = await mint(bench.storage, await relate(bench.storage, { grant: { expiresAt } }));
    assert.ok(outcome.kind === 'minted' && Math.abs(outcome.expiresAt - expiresAt) < 0.01);
  });

  it('only a live link token of this client mints', async () => {
    const link = await relate(bench.storage);
    const minted = await mint(bench.storage, link);
    const connection = await refreshedAs(bench, link, 'ct');
    const wrong = [
      { linkToken: { ...link.accessToken, hash: freshHash() } },
      { linkToken: link.refreshToken },
      { linkToken: minted.token },
      { linkToken: connection },
      { clientId: freshId('client') },
    ];
    for (const choices of wrong) {
      const { token, outcome } = await mint(bench.storage, link, choices);
      assert.deepEqual(outcome, { kind: 'unknown' });
      await assertDead(bench.replicas, token);
    }
    await bench.age(HOUR + 1);
    assert.deepEqual((await mint(bench.storage, link)).outcome, { kind: 'unknown' });
  });

  it('nothing is minted under an ended link, and what was minted is dead', async () => {
    const link = await relate(bench.storage);
    const before = await mint(bench.storage, link);
    await bench.replicas[1].endGrant({ id: link.grant.id, by: 'owner' });
    assert.deepEqual((await mint(bench.replicas[0], link)).outcome, { kind: 'unknown' });
    await assertDead(bench.replicas, before.token);
  });

  it('the ceiling covers the scope or nothing is minted', async () => {
    const link = await relate(bench.storage, { grant: { transferScope: ['a', 'b'] } });
    for (const scope of [['c'], ['a', 'c'], ['A'], ['a b'], ['transfer']]) {
      const { token, outcome } = await mint(bench.storage, link, { token: { scope } });
      assert.deepEqual(outcome, { kind: 'over_ceiling' });
      await assertDead(bench.replicas, token);
    }
    for (const scope of [['a'], ['b', 'a']]) {
      assert.equal((await mint(bench.storage, link, { token: { scope } })).outcome.kind, 'minted');
    }
    const none = await relate(bench.storage, { grant: { transferScope: null } });
    assert.deepEqual((await mint(bench.storage, none)).outcome, { kind: 'over_ceiling' });
  });

  it('a replayed statement mints nothing', async () => {
    const link = await relate(bench.storage);
    const guards = [freshGuard('assertion'), freshGuard('statement')];
    assert.equal((await mint(bench.storage, link, { guards })).outcome.kind, 'minted');
    const [, statement] = guards;
    assert.ok(statement !== undefined);
    const { token, outcome } = await mint(bench.storage, link, { guards: [freshGuard('assertion'), statement] });
    assert.deepEqual(outcome, { kind: 'replayed', guard: 'statement' });
    await assertDead(bench.replicas, token);
  });

  it('of 50 mints with one statement at the same moment exactly one succeeds', async () => {
    const link = await relate(bench.storage);
    const statement = freshGuard('statement');
    const minted = await race(bench, 50, (storage) =>
      mint(storage, link, { guards: [freshGuard('assertion'), statement] }),
    );
    assert.equal(
      countKind(
        minted.map(({ outcome }) => outcome),
        'minted',
      ),
      1,
    );
    const alive = await Promise.all(minted.map(({ token }) => bench.storage.findToken(token)));
    assert.equal(alive.filter((token) => token !== null).length, 1);
  });

  it('30 first mints under one transfer grant at the same moment all succeed', async () => {
    const link = await relate(bench.storage);
    const transferGrantId = freshTransferGrantId();
    const minted = await race(bench, 30, (storage) => mint(storage, link, { transferGrantId }));
    assert.equal(
      countKind(
        minted.map(({ outcome }) => outcome),
        'minted',
      ),
      30,
    );
    await assertAlive([bench.storage], ...minted.map(({ token }) => token));
  });
}

async function refreshedAs(bench: Bench, link: Relationship, kind: 'ct'): Promise<Relationship['accessToken']> {
  const hash = freshHash();
  const { refreshToken, clientId } = link;
  const accessToken = { hash, kind, lifetimeSeconds: HOUR };
  const refreshed = await bench.storage.refresh({ refreshToken, clientId, idleSeconds: HOUR, accessToken, guards: [] });
  assert.equal(refreshed.kind, 'refreshed');
  return { bucket: refreshToken.bucket, hash };
}
