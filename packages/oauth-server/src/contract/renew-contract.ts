import assert from 'node:assert/strict';
import { LIFETIME } from '@chatelaine/protocol';
import type { OAuthStorage, TokenKey } from '../storage.ts';
import { type Bench, countKind, race, rounds, type TestRunner } from './harness.ts';
import {
  assertAlive,
  assertDead,
  DAY,
  freshGuard,
  freshHash,
  freshId,
  type Issued,
  issue,
  refresh,
} from './relationship.ts';

const OWN = { request: { scope: [], transferScope: null, answeredBy: 'extension' } };

interface Own extends Issued {
  readonly refreshToken: TokenKey;
}

/** Redeems a code of a grant that an extension answers for: there is a refresh token, and nothing beside. */
async function redeemOwn(storage: OAuthStorage, issued: Issued, jkt: string | null = null) {
  const hash = freshHash();
  const outcome = await storage.redeemCode({
    code: issued.code,
    clientId: issued.clientId,
    jkt,
    tokens: [{ hash, kind: 'rt', lifetimeSeconds: 90 * DAY }],
    guards: [],
  });
  return { outcome, refreshToken: { bucket: issued.code.bucket, hash } };
}

async function relateOwn(storage: OAuthStorage, jkt: string | null = null): Promise<Own> {
  const issued = await issue(storage, OWN);
  const { outcome, refreshToken } = await redeemOwn(storage, issued, jkt);
  assert.equal(outcome.kind, 'redeemed');
  return { ...issued, refreshToken };
}

interface Renewed {
  readonly outcome: Awaited<ReturnType<OAuthStorage['renew']>>;
  readonly successor: TokenKey;
}

async function renew(
  storage: OAuthStorage,
  own: Own,
  choices: { refreshToken?: TokenKey; clientId?: string; jkt?: string | null; rotates?: 'yes' | 'no' } = {},
): Promise<Renewed> {
  const { refreshToken = own.refreshToken, clientId = own.clientId, jkt = null, rotates = 'yes' } = choices;
  const successorHash = rotates === 'yes' ? freshHash() : null;
  const idleSeconds = 90 * DAY;
  const outcome = await storage.renew({ refreshToken, clientId, jkt, idleSeconds, successorHash, guards: [] });
  return { outcome, successor: { bucket: refreshToken.bucket, hash: successorHash ?? Buffer.alloc(32) } };
}

/** Grants that an extension answers for: their key, and the rotation of their refresh tokens. */
export function renewContract({ it }: TestRunner, bench: Bench): void {
  it('who answers for a grant is said with its code and with its refresh token, and no other step touches it', async () => {
    const issued = await issue(bench.storage, OWN);
    const code = await bench.replicas[1].readCode(issued.code);
    assert.equal(code?.isOpen, true);
    assert.equal(code.grant.answeredBy, 'extension');
    const { refreshToken } = await redeemOwn(bench.storage, issued);
    assert.equal((await bench.storage.readCode(issued.code))?.isOpen, false);
    const found = await bench.replicas[1].findToken(refreshToken);
    assert.equal(found?.grant.answeredBy, 'extension');
    assert.equal(found.isReplaced, false);
    const ordinary = { ...issued, refreshToken, accessToken: refreshToken, outcome: { kind: 'unknown' } as const };
    assert.deepEqual((await refresh(bench.storage, ordinary)).outcome, { kind: 'unknown' });
  });

  it('a relationship of the kernel’s own is not renewed this way', async () => {
    const issued = await issue(bench.storage);
    const { refreshToken } = await redeemOwn(bench.storage, issued);
    assert.deepEqual((await renew(bench.storage, { ...issued, refreshToken })).outcome, { kind: 'unknown' });
    await assertAlive(bench.replicas, refreshToken);
  });

  it('a grant without a key gets the first that comes, with its code or later, and keeps it', async () => {
    for (const own of [await relateOwn(bench.storage, 'first'), await relateOwn(bench.storage)]) {
      const { outcome } = await renew(bench.storage, own, { jkt: 'first', rotates: 'no' });
      assert.equal(outcome.kind === 'renewed' ? outcome.grant.jkt : outcome.kind, 'first');
      for (const jkt of ['second', null]) {
        const refused = await renew(bench.replicas[1], own, { jkt, rotates: 'no' });
        assert.deepEqual(refused.outcome, { kind: 'unknown' });
      }
      assert.equal((await bench.storage.findToken(own.refreshToken))?.grant.jkt, 'first');
    }
  });

  it('of two keys that come at once one becomes the grant’s', async () => {
    await rounds(10, async () => {
      const own = await relateOwn(bench.storage);
      const outcomes = await race(bench, 6, (storage, n) => renew(storage, own, { jkt: `key ${n}`, rotates: 'no' }));
      assert.equal(
        countKind(
          outcomes.map(({ outcome }) => outcome),
          'renewed',
        ),
        1,
      );
    });
  });

  it('without a successor a refresh token is used for as long as it is used', async () => {
    const own = await relateOwn(bench.storage);
    for (let n = 0; n < 3; n++) {
      await bench.age(80 * DAY);
      assert.equal((await renew(bench.storage, own, { rotates: 'no' })).outcome.kind, 'renewed');
    }
    await bench.age(91 * DAY);
    assert.deepEqual((await renew(bench.storage, own, { rotates: 'no' })).outcome, { kind: 'unknown' });
  });

  it('a replaced one answers when its successor is in use already, too; what came before it ends the grant', async () => {
    const own = await relateOwn(bench.storage);
    const first = await renew(bench.storage, own);
    const lost = await renew(bench.replicas[1], own);
    assert.deepEqual([first.outcome.kind, lost.outcome.kind], ['renewed', 'renewed']);
    const second = await renew(bench.storage, own, { refreshToken: lost.successor });
    assert.equal(second.outcome.kind, 'renewed');
    // as clients do that refresh several times at once, and keep the answer that comes last
    const slow = await renew(bench.replicas[1], own);
    assert.equal(slow.outcome.kind, 'renewed');
    const third = await renew(bench.storage, own, { refreshToken: slow.successor });
    assert.equal(third.outcome.kind, 'renewed');
    assert.equal((await bench.storage.findToken(own.refreshToken))?.isReplaced, true);
    assert.deepEqual((await renew(bench.storage, own)).outcome, { kind: 'replaced', grantId: own.grant.id });
    await assertDead(bench.replicas, own.refreshToken, first.successor, second.successor, third.successor);
  });

  it('what one gets for a replaced one is good until another is used in its place', async () => {
    const own = await relateOwn(bench.storage);
    const [one, other] = [await renew(bench.storage, own), await renew(bench.storage, own)];
    const next = await renew(bench.storage, own, { refreshToken: one.successor });
    const slow = await renew(bench.storage, own);
    assert.equal((await bench.storage.findToken(other.successor))?.isReplaced, true);
    assert.equal((await renew(bench.storage, own, { refreshToken: next.successor })).outcome.kind, 'renewed');
    const { outcome } = await renew(bench.replicas[1], own, { refreshToken: slow.successor });
    assert.deepEqual(outcome, { kind: 'replaced', grantId: own.grant.id });
  });

  it('of two successors one is used; the other one ends the grant', async () => {
    const own = await relateOwn(bench.storage);
    const [one, other] = [await renew(bench.storage, own), await renew(bench.storage, own)];
    assert.equal((await renew(bench.storage, own, { refreshToken: one.successor })).outcome.kind, 'renewed');
    const { outcome } = await renew(bench.replicas[1], own, { refreshToken: other.successor });
    assert.deepEqual(outcome, { kind: 'replaced', grantId: own.grant.id });
  });

  it('a successor that was not used is forgotten together with what was replaced', async () => {
    const own = await relateOwn(bench.storage);
    const [one, other] = [await renew(bench.storage, own), await renew(bench.storage, own)];
    const { outcome, successor } = await renew(bench.storage, own, { refreshToken: one.successor });
    assert.equal(outcome.kind, 'renewed');
    assert.equal((await bench.storage.findToken(other.successor))?.isReplaced, true);
    await bench.age(LIFETIME.replacedRefreshToken + 5);
    await assertDead(bench.replicas, own.refreshToken, one.successor, other.successor);
    await assertAlive(bench.replicas, successor);
  });

  it('a replaced one answers for a minute at most, and is known as such for a day', async () => {
    const [own, late] = [await relateOwn(bench.storage), await relateOwn(bench.storage)];
    const { successor } = await renew(bench.storage, own);
    await renew(bench.storage, late);
    await bench.age(LIFETIME.rotationGrace - 5);
    assert.equal((await renew(bench.storage, own)).outcome.kind, 'renewed');
    await renew(bench.storage, own, { refreshToken: successor });
    assert.equal((await renew(bench.storage, own)).outcome.kind, 'renewed');
    await bench.age(10);
    assert.equal((await renew(bench.storage, own)).outcome.kind, 'replaced');
    await assertDead(bench.replicas, successor);
    await bench.age(LIFETIME.replacedRefreshToken);
    assert.deepEqual((await renew(bench.storage, late)).outcome, { kind: 'unknown' });
  });

  it('one that is shown again after its minute ends the grant, also when its successor was never used', async () => {
    const own = await relateOwn(bench.storage);
    const { successor } = await renew(bench.storage, own);
    await bench.age(LIFETIME.rotationGrace + 5);
    assert.equal((await bench.storage.findToken(own.refreshToken))?.isReplaced, true);
    assert.deepEqual((await renew(bench.storage, own)).outcome, { kind: 'replaced', grantId: own.grant.id });
    await assertDead(bench.replicas, successor);
  });

  it('a stranger who shows one, or shows one that is past its time, ends nothing', async () => {
    const own = await relateOwn(bench.storage);
    const { successor } = await renew(bench.storage, own);
    await bench.age(LIFETIME.rotationGrace + 5);
    const { outcome } = await renew(bench.storage, own, { clientId: freshId('client') });
    assert.deepEqual(outcome, { kind: 'unknown' });
    await assertAlive(bench.replicas, successor);
  });

  it('a replayed proof renews nothing', async () => {
    const own = await relateOwn(bench.storage);
    const guards = [freshGuard()];
    await bench.storage.burn(guards);
    const { refreshToken, clientId } = own;
    const input = { refreshToken, clientId, jkt: null, idleSeconds: DAY, successorHash: freshHash(), guards };
    assert.equal((await bench.storage.renew(input)).kind, 'replayed');
    assert.equal((await renew(bench.storage, own)).outcome.kind, 'renewed');
  });

  it('of many successors used at the same moment one goes on, and the rest end the grant', async () => {
    await rounds(10, async () => {
      const own = await relateOwn(bench.storage);
      const made = await race(bench, 6, (storage) => renew(storage, own));
      assert.equal(
        countKind(
          made.map(({ outcome }) => outcome),
          'renewed',
        ),
        6,
      );
      const used = await race(bench, 6, (storage, n) =>
        renew(storage, own, { refreshToken: made[n]?.successor ?? own.refreshToken }),
      );
      const outcomes = used.map(({ outcome }) => outcome);
      assert.equal(countKind(outcomes, 'renewed'), 1);
      assert.equal(countKind(outcomes, 'replaced'), 1);
      assert.equal(await bench.storage.endGrant({ id: own.grant.id, by: 'owner' }), false);
    });
  });
}
