import assert from 'node:assert/strict';
import { type Bench, countKind, race, rounds, type TestRunner } from './harness.ts';
import {
  assertAlive,
  assertDead,
  DAY,
  freshGuard,
  freshHash,
  freshId,
  HOUR,
  now,
  refresh,
  relate,
} from './relationship.ts';

export function tokenContract({ it }: TestRunner, bench: Bench): void {
  it('a live token is found with its kind, its grant, its key and its times', async () => {
    const link = await relate(bench.replicas[0], { request: { jkt: 'thumbprint' }, accessLifetimeSeconds: HOUR });
    const found = await bench.replicas[1].findToken(link.accessToken);
    assert.ok(found !== null);
    const { issuedAt, expiresAt, readAt, ...rest } = found;
    const { expiresAt: _, ...granted } = link.grant;
    const grant = { ...granted, clientId: link.clientId, jkt: 'thumbprint', answeredBy: null, isAuthenticated: false };
    assert.deepEqual(rest, {
      kind: 'lt',
      grant,
      scope: ['transfer'],
      jkt: 'thumbprint',
      audience: null,
      act: null,
      actorName: null,
      isReplaced: false,
      generation: null,
    });
    assert.ok(issuedAt <= readAt && readAt < expiresAt);
    assert.ok(Math.abs(issuedAt - now()) < 60 && Math.abs(expiresAt - issuedAt - HOUR) < 0.01);
    assert.equal((await bench.storage.findToken(link.refreshToken))?.kind, 'rt');
  });

  it('an unknown token, and a known one under another bucket, are not found', async () => {
    const { accessToken } = await relate(bench.storage);
    await assertDead(
      bench.replicas,
      { ...accessToken, hash: freshHash() },
      { ...accessToken, bucket: accessToken.bucket ^ 1 },
    );
  });

  it('a token past its lifetime is dead', async () => {
    const link = await relate(bench.storage);
    await bench.age(HOUR + 1);
    await assertDead(bench.replicas, link.accessToken);
    await assertAlive(bench.replicas, link.refreshToken);
  });

  it('a grant past the owner’s “until when” takes everything with it', async () => {
    const link = await relate(bench.storage, { grant: { expiresAt: now() + 600 } });
    await bench.age(601);
    await assertDead(bench.replicas, link.accessToken, link.refreshToken);
    assert.deepEqual((await refresh(bench.storage, link)).outcome, { kind: 'unknown' });
    assert.equal(await bench.storage.endGrant({ id: link.grant.id, by: 'owner' }), false);
  });

  it('ending a grant kills everything under it at once, on every replica, and once', async () => {
    const link = await relate(bench.storage);
    const other = await relate(bench.storage);
    assert.equal(await bench.replicas[0].endGrant({ id: link.grant.id, by: 'owner' }), true);
    await assertDead(bench.replicas, link.accessToken, link.refreshToken);
    assert.deepEqual((await refresh(bench.replicas[1], link)).outcome, { kind: 'unknown' });
    assert.equal(await bench.replicas[1].endGrant({ id: link.grant.id, by: 'server' }), false);
    assert.equal(await bench.storage.endGrant({ id: freshId('grant'), by: 'owner' }), false);
    await assertAlive(bench.replicas, other.accessToken, other.refreshToken);
  });

  it('of 20 ends of one grant at the same moment exactly one finds it alive', async () => {
    const link = await relate(bench.storage);
    const ended = await race(bench, 20, (storage) => storage.endGrant({ id: link.grant.id, by: 'owner' }));
    assert.equal(ended.filter(Boolean).length, 1);
  });
}

export function refreshContract({ it }: TestRunner, bench: Bench): void {
  it('refreshing adds an access token; the older one and the refresh token go on', async () => {
    const link = await relate(bench.replicas[0]);
    const { accessToken, outcome } = await refresh(bench.replicas[1], link, { lifetimeSeconds: HOUR });
    assert.equal(outcome.kind, 'refreshed');
    assert.equal(outcome.grant.id, link.grant.id);
    assert.deepEqual(outcome.grant.transferScope, link.grant.transferScope);
    assert.ok(Math.abs(outcome.expiresAt - now() - HOUR) < 10);
    await assertAlive(bench.replicas, link.accessToken, accessToken, link.refreshToken);
    assert.equal((await refresh(bench.storage, link)).outcome.kind, 'refreshed');
  });

  it('a refresh token dies when it is not used, and each use gives it the full time again', async () => {
    const idleSeconds = 90 * DAY;
    const link = await relate(bench.storage, { idleSeconds });
    await bench.age(80 * DAY);
    assert.equal((await refresh(bench.storage, link, { idleSeconds })).outcome.kind, 'refreshed');
    await bench.age(80 * DAY);
    await assertAlive(bench.replicas, link.refreshToken);
    await bench.age(11 * DAY);
    await assertDead(bench.replicas, link.refreshToken);
    assert.deepEqual((await refresh(bench.storage, link, { idleSeconds })).outcome, { kind: 'unknown' });
  });

  it('refreshing reaches never beyond the grant', async () => {
    const expiresAt = now() + 1000;
    const link = await relate(bench.storage, { grant: { expiresAt } });
    const { accessToken, outcome } = await refresh(bench.storage, link);
    assert.equal(outcome.kind, 'refreshed');
    assert.ok(Math.abs(outcome.expiresAt - expiresAt) < 0.01);
    const refreshed = await bench.storage.findToken(link.refreshToken);
    assert.ok(Math.abs((refreshed?.expiresAt ?? 0) - expiresAt) < 0.01);
    await bench.age(1001);
    await assertDead(bench.replicas, accessToken, link.refreshToken);
  });

  it('only a refresh token refreshes, and only for its own client, whose own goes on working', async () => {
    const link = await relate(bench.storage);
    const wrong = [
      { refreshToken: link.accessToken },
      { clientId: freshId('client') },
      { refreshToken: { ...link.refreshToken, hash: freshHash() } },
    ];
    for (const choices of wrong) {
      const { accessToken, outcome } = await refresh(bench.storage, link, choices);
      assert.deepEqual(outcome, { kind: 'unknown' });
      await assertDead(bench.replicas, accessToken);
    }
    assert.equal((await refresh(bench.storage, link)).outcome.kind, 'refreshed');
  });

  it('a replayed proof refreshes nothing', async () => {
    const link = await relate(bench.storage);
    const guard = freshGuard('assertion');
    await bench.storage.burn([guard]);
    const { accessToken, outcome } = await refresh(bench.storage, link, { guards: [guard] });
    assert.deepEqual(outcome, { kind: 'replayed', guard: 'assertion' });
    await assertDead(bench.replicas, accessToken);
  });

  it('30 refreshes at the same moment all succeed: a client with several processes loses nothing', async () => {
    const link = await relate(bench.storage);
    const refreshed = await race(bench, 30, (storage) => refresh(storage, link, { guards: [freshGuard()] }));
    assert.equal(
      countKind(
        refreshed.map(({ outcome }) => outcome),
        'refreshed',
      ),
      30,
    );
    await assertAlive([bench.storage], ...refreshed.map(({ accessToken }) => accessToken));
  });

  it('after the answer that a grant has ended, no refresh that overlapped it has left a live token', async () => {
    await rounds(25, async (n) => {
      const link = await relate(bench.storage);
      const ending = n % 2 === 0 ? null : bench.replicas[1].endGrant({ id: link.grant.id, by: 'owner' });
      const refreshing = refresh(bench.replicas[0], link);
      await (ending ?? bench.replicas[1].endGrant({ id: link.grant.id, by: 'owner' }));
      const refreshed = await refreshing;
      await assertDead(bench.replicas, refreshed.accessToken, link.accessToken, link.refreshToken);
    });
  });
}
