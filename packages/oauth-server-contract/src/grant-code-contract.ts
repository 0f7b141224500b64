import assert from 'node:assert/strict';
import type { OAuthStorage } from '@chatelaine/oauth-server';
import type { Bench, TestRunner } from './harness.ts';
import { assertAlive, assertDead, freshHash, freshId, type Issued, newGrant, redeem, REQUEST } from './relationship.ts';

const { redirectUri, codeChallenge } = REQUEST;

/** A code that no authorization request has led to. */
async function grantCode(storage: OAuthStorage, codeLifetimeSeconds = 300): Promise<Issued> {
  const [clientId, codeHash, grant] = [freshId('client'), freshHash(), newGrant()];
  await storage.grantCode({ clientId, redirectUri, codeChallenge, codeHash, codeLifetimeSeconds, grant });
  return { clientId, code: { bucket: grant.bucket, hash: codeHash }, grant, jkt: null };
}

export function grantCodeContract({ it }: TestRunner, bench: Bench): void {
  it('grant and code are there on every replica, and the code carries its challenge', async () => {
    const { clientId, code } = await grantCode(bench.replicas[0]);
    const { grant: _, ...rest } = (await bench.replicas[1].readCode(code)) ?? {};
    assert.deepEqual(rest, { clientId, redirectUri, codeChallenge, jkt: null, isOpen: true });
  });

  it('it is redeemed once like any other code, by its own client, for what was granted', async () => {
    const issued = await grantCode(bench.replicas[0]);
    const stranger = await redeem(bench.storage, issued, { clientId: freshId('client') });
    assert.deepEqual(stranger.outcome, { kind: 'unknown' });
    const { outcome, accessToken, refreshToken } = await redeem(bench.replicas[1], issued);
    const { expiresAt: _, ...granted } = issued.grant;
    const { clientId } = issued;
    assert.deepEqual(outcome.kind === 'redeemed' ? outcome.grant : outcome, {
      ...granted,
      clientId,
      jkt: null,
      answeredBy: null,
      isAuthenticated: false,
    });
    await assertAlive(bench.replicas, accessToken, refreshToken);
    assert.equal((await redeem(bench.storage, issued)).outcome.kind, 'reused');
    await assertDead(bench.replicas, accessToken, refreshToken);
  });

  it('past its lifetime it is refused, and its grant is cleared away', async () => {
    const issued = await grantCode(bench.storage);
    await bench.age(301);
    assert.deepEqual((await redeem(bench.storage, issued)).outcome, { kind: 'unknown' });
    await bench.age(600);
    await bench.storage.reap();
    assert.equal(await bench.storage.endGrant({ id: issued.grant.id, by: 'owner' }), false);
  });
}
