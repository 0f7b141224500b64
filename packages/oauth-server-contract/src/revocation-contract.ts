import assert from 'node:assert/strict';
import type { TokenKey } from '@chatelaine/oauth-server';
import { type Bench, race, type TestRunner } from './harness.ts';
import { mint } from './minting.ts';
import {
  assertAlive,
  assertDead,
  DAY,
  freshGuard,
  freshHash,
  freshId,
  redeem,
  refresh,
  relate,
  type Relationship,
} from './relationship.ts';

const revoke = (bench: Bench, link: Relationship, key: TokenKey) =>
  bench.storage.revokeToken({ key, clientId: link.clientId, guards: [] });

export function revocationContract({ it }: TestRunner, bench: Bench): void {
  it('revoking an access token kills that one token', async () => {
    const link = await relate(bench.storage);
    const other = await refresh(bench.storage, link);
    assert.deepEqual(await revoke(bench, link, link.accessToken), { kind: 'revoked', endedGrant: null });
    await assertDead(bench.replicas, link.accessToken);
    await assertAlive(bench.replicas, other.accessToken, link.refreshToken);
    assert.equal((await refresh(bench.storage, link)).outcome.kind, 'refreshed');
  });

  it('revoking a refresh token ends the relationship and says which', async () => {
    const link = await relate(bench.storage);
    const host = await mint(bench.storage, link);
    const endedGrant = { id: link.grant.id, subject: link.grant.subject };
    assert.deepEqual(await revoke(bench, link, link.refreshToken), { kind: 'revoked', endedGrant });
    await assertDead(bench.replicas, link.accessToken, link.refreshToken, host.token);
  });

  it('revoking again is as good as the first time, but ends nothing twice', async () => {
    const link = await relate(bench.storage);
    await revoke(bench, link, link.accessToken);
    assert.deepEqual(await revoke(bench, link, link.accessToken), { kind: 'unknown' });
    await revoke(bench, link, link.refreshToken);
    assert.deepEqual(await revoke(bench, link, link.refreshToken), { kind: 'revoked', endedGrant: null });
  });

  it('a refresh token that ran out of use can still end its relationship', async () => {
    const link = await relate(bench.storage, { idleSeconds: DAY });
    await bench.age(DAY + 1);
    const revoked = await revoke(bench, link, link.refreshToken);
    assert.deepEqual(revoked, { kind: 'revoked', endedGrant: { id: link.grant.id, subject: link.grant.subject } });
  });

  it('a token of another client is unknown and stays alive', async () => {
    const link = await relate(bench.storage);
    for (const key of [link.accessToken, link.refreshToken]) {
      assert.deepEqual(await bench.storage.revokeToken({ key, clientId: freshId('client'), guards: [] }), {
        kind: 'unknown',
      });
    }
    assert.deepEqual(await revoke(bench, link, { ...link.accessToken, hash: freshHash() }), { kind: 'unknown' });
    await assertAlive(bench.replicas, link.accessToken, link.refreshToken);
  });

  it('the AM can give back a Host access token it will not hand out', async () => {
    const link = await relate(bench.storage);
    const [kept, returned] = [await mint(bench.storage, link), await mint(bench.storage, link)];
    assert.deepEqual(await revoke(bench, link, returned.token), { kind: 'revoked', endedGrant: null });
    await assertDead(bench.replicas, returned.token);
    await assertAlive(bench.replicas, kept.token, link.accessToken);
  });

  it('a replayed assertion revokes nothing', async () => {
    const link = await relate(bench.storage);
    const guard = freshGuard('assertion');
    await bench.storage.burn([guard]);
    for (const key of [link.accessToken, link.refreshToken]) {
      const revoked = await bench.storage.revokeToken({ key, clientId: link.clientId, guards: [guard] });
      assert.deepEqual(revoked, { kind: 'replayed', guard: 'assertion' });
    }
    await assertAlive(bench.replicas, link.accessToken, link.refreshToken);
  });

  it('of 20 revocations of one refresh token at the same moment exactly one ended the grant', async () => {
    const link = await relate(bench.storage);
    const outcomes = await race(bench, 20, (storage) =>
      storage.revokeToken({ key: link.refreshToken, clientId: link.clientId, guards: [] }),
    );
    assert.equal(outcomes.filter((outcome) => outcome.kind === 'revoked').length, 20);
    assert.equal(outcomes.filter((outcome) => outcome.kind === 'revoked' && outcome.endedGrant !== null).length, 1);
  });

  it('a code of a revoked relationship stays used', async () => {
    const link = await relate(bench.storage);
    await revoke(bench, link, link.refreshToken);
    assert.equal((await redeem(bench.storage, link)).outcome.kind, 'reused');
  });
}
