import assert from 'node:assert/strict';
import { LIFETIME } from '@chatelaine/protocol';
import type { OAuthStorage, TokenKey } from '@chatelaine/oauth-server';
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
  now,
} from './relationship.ts';

/** Lifetime, in seconds, of the access tokens that are issued with a successor. */
const GRACE = 120;
const OWN = { request: { scope: [], transferScope: null, answeredBy: 'extension' } };

interface Own extends Issued {
  readonly refreshToken: TokenKey;
}

/** Redeems a code of a grant of an extension, for a refresh token alone. */
async function redeemOwn(storage: OAuthStorage, issued: Issued, jkt: string | null = null) {
  const hash = freshHash();
  const outcome = await storage.redeemCode({
    code: issued.code,
    clientId: issued.clientId,
    isAuthenticated: false,
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

interface Used {
  readonly outcome: Awaited<ReturnType<OAuthStorage['useRefreshToken']>>;
  readonly successor: TokenKey;
}

interface UseOptions {
  readonly refreshToken?: TokenKey;
  readonly clientId?: string;
  readonly jkt?: string | null;
  readonly rotates?: 'yes' | 'no';
  readonly keyId?: number;
  readonly graceSeconds?: number;
  /** When the token was shown; by default now. */
  readonly shownAt?: number;
}

async function use(storage: OAuthStorage, own: Own, choices: UseOptions = {}): Promise<Used> {
  const { refreshToken = own.refreshToken, clientId = own.clientId, jkt = null, rotates = 'yes' } = choices;
  const { keyId = 1, graceSeconds = GRACE } = choices;
  const hash = freshHash();
  const shownAt = choices.shownAt ?? (await storage.findToken(refreshToken))?.readAt ?? now();
  const outcome = await storage.useRefreshToken({
    refreshToken,
    clientId,
    jkt,
    idleSeconds: 90 * DAY,
    shownAt,
    successor: rotates === 'yes' ? { hash, keyId, graceSeconds } : null,
    guards: [],
  });
  return { outcome, successor: { bucket: refreshToken.bucket, hash } };
}

/** Grants of an extension: their key, and the rotation of their refresh tokens. */
export function useRefreshTokenContract({ it }: Pick<TestRunner, 'it'>, bench: Bench): void {
  it('of a kernel’s own relationship no refresh token is used this way', async () => {
    const issued = await issue(bench.storage);
    const { refreshToken } = await redeemOwn(bench.storage, issued);
    assert.deepEqual((await use(bench.storage, { ...issued, refreshToken })).outcome, { kind: 'unknown' });
    await assertAlive(bench.replicas, refreshToken);
  });

  it('a grant without a key gets the first that comes, with its code or later, and keeps it', async () => {
    for (const own of [await relateOwn(bench.storage, 'first'), await relateOwn(bench.storage)]) {
      const { outcome } = await use(bench.storage, own, { jkt: 'first', rotates: 'no' });
      assert.equal(outcome.kind === 'used' ? outcome.grant.jkt : outcome.kind, 'first');
      for (const jkt of ['second', null]) {
        const refused = await use(bench.replicas[1], own, { jkt, rotates: 'no' });
        assert.deepEqual(refused.outcome, { kind: 'unknown' });
      }
      assert.equal((await bench.storage.findToken(own.refreshToken))?.grant.jkt, 'first');
    }
  });

  it('of two keys that come at once one becomes the grant’s', async () => {
    await rounds(10, async () => {
      const own = await relateOwn(bench.storage);
      const outcomes = await race(bench, 6, (storage, n) => use(storage, own, { jkt: `key ${n}`, rotates: 'no' }));
      assert.equal(
        countKind(
          outcomes.map(({ outcome }) => outcome),
          'used',
        ),
        1,
      );
    });
  });

  it('without a successor a refresh token is used for as long as it is used', async () => {
    const own = await relateOwn(bench.storage);
    for (let n = 0; n < 3; n++) {
      await bench.age(80 * DAY);
      assert.equal((await use(bench.storage, own, { rotates: 'no' })).outcome.kind, 'used');
    }
    await bench.age(91 * DAY);
    assert.deepEqual((await use(bench.storage, own, { rotates: 'no' })).outcome, { kind: 'unknown' });
  });

  it('a refresh token has one successor: shown again in its time, it is told how that was derived', async () => {
    const own = await relateOwn(bench.storage);
    const first = await use(bench.storage, own, { keyId: 7 });
    assert.equal(first.outcome.kind, 'used');
    const again = await use(bench.replicas[1], own, { keyId: 8 });
    assert.deepEqual({ ...again.outcome, grant: null }, { kind: 'again', grant: null, keyId: 7, descendants: [] });
    await assertDead(bench.replicas, again.successor);
    const second = await use(bench.storage, own, { refreshToken: first.successor, keyId: 8 });
    const third = await use(bench.storage, own, { refreshToken: second.successor, keyId: 9 });
    const slow = await use(bench.replicas[1], own);
    assert.equal(slow.outcome.kind, 'again');
    if (slow.outcome.kind !== 'again') return;
    assert.equal(slow.outcome.keyId, 7);
    const described = slow.outcome.descendants.map(({ hash, keyId }) => `${keyId} ${hash.toString('hex')}`);
    assert.deepEqual(
      new Set(described),
      new Set([`8 ${first.successor.hash.toString('hex')}`, `9 ${second.successor.hash.toString('hex')}`]),
    );
    await assertAlive(bench.replicas, first.successor, second.successor, third.successor);
  });

  it('a replaced one answers until the time said at its first replacement, and then ends the grant', async () => {
    for (const graceSeconds of [30, 120, 300]) {
      const own = await relateOwn(bench.storage);
      const { successor } = await use(bench.storage, own, { graceSeconds });
      await bench.age(graceSeconds / 2);
      assert.equal((await use(bench.replicas[1], own, { graceSeconds: 1000 })).outcome.kind, 'again');
      assert.equal((await bench.storage.findToken(own.refreshToken))?.isReplaced, false);
      await bench.age(graceSeconds / 2 + 1);
      assert.equal((await bench.storage.findToken(own.refreshToken))?.isReplaced, true);
      assert.deepEqual((await use(bench.storage, own)).outcome, { kind: 'replaced', grantId: own.grant.id });
      await assertDead(bench.replicas, own.refreshToken, successor);
    }
  });

  it('a copy shown too late ends the grant, whichever of the two the thief has and however far on', async () => {
    const own = await relateOwn(bench.storage);
    let newest = (await use(bench.storage, own)).successor;
    for (let n = 0; n < 3; n++) {
      await bench.age(GRACE - 10);
      const { outcome, successor } = await use(bench.storage, own, { refreshToken: newest });
      assert.equal(outcome.kind, 'used');
      newest = successor;
    }
    assert.deepEqual((await use(bench.replicas[1], own)).outcome, { kind: 'replaced', grantId: own.grant.id });
    await assertDead(bench.replicas, newest);
  });

  it('what was shown in time is not late because its Host took long', async () => {
    const own = await relateOwn(bench.storage);
    await use(bench.storage, own);
    await bench.age(GRACE - 5);
    const shown = await bench.storage.findToken(own.refreshToken);
    assert.equal(shown?.isReplaced, false);
    await bench.age(10);
    const shownAt = (shown?.readAt ?? 0) - 10;
    assert.equal((await use(bench.replicas[1], own, { shownAt })).outcome.kind, 'again');
    assert.equal((await use(bench.storage, own)).outcome.kind, 'replaced');
  });

  it('a replaced one is known as such for a day', async () => {
    const own = await relateOwn(bench.storage);
    const { successor } = await use(bench.storage, own);
    await bench.age(LIFETIME.replacedRefreshToken + 5);
    assert.deepEqual((await use(bench.storage, own)).outcome, { kind: 'unknown' });
    await assertAlive(bench.replicas, successor);
  });

  it('a stranger who shows one that is replaced ends nothing', async () => {
    const own = await relateOwn(bench.storage);
    const { successor } = await use(bench.storage, own);
    await bench.age(GRACE + 5);
    const { outcome } = await use(bench.storage, own, { clientId: freshId('client') });
    assert.deepEqual(outcome, { kind: 'unknown' });
    await assertAlive(bench.replicas, successor);
  });

  it('a replayed proof uses nothing', async () => {
    const own = await relateOwn(bench.storage);
    const guards = [freshGuard()];
    await bench.storage.burn(guards);
    const { refreshToken, clientId } = own;
    const successor = { hash: freshHash(), keyId: 1, graceSeconds: GRACE };
    const input = { refreshToken, clientId, jkt: null, idleSeconds: DAY, shownAt: now(), successor, guards };
    assert.equal((await bench.storage.useRefreshToken(input)).kind, 'replayed');
    assert.equal((await use(bench.storage, own)).outcome.kind, 'used');
  });

  it('of many that show one token at once one moves it on, and the others hear of its successor', async () => {
    await rounds(10, async () => {
      const own = await relateOwn(bench.storage);
      const shown = await race(bench, 6, (storage, n) => use(storage, own, { keyId: n + 1 }));
      const outcomes = shown.map(({ outcome }) => outcome);
      assert.equal(countKind(outcomes, 'used'), 1);
      assert.equal(countKind(outcomes, 'again'), 5);
      const keyId = outcomes.findIndex(({ kind }) => kind === 'used') + 1;
      for (const outcome of outcomes) if (outcome.kind === 'again') assert.equal(outcome.keyId, keyId);
      const alive = await Promise.all(shown.map(({ successor }) => bench.storage.findToken(successor)));
      assert.equal(alive.filter((token) => token !== null).length, 1);
    });
  });

  it('after its end no refresh token of a grant can be used, replaced or not', async () => {
    const own = await relateOwn(bench.storage);
    const { successor } = await use(bench.storage, own);
    await bench.storage.endGrant({ id: own.grant.id, by: 'owner' });
    for (const refreshToken of [own.refreshToken, successor])
      assert.deepEqual((await use(bench.replicas[1], own, { refreshToken })).outcome, { kind: 'unknown' });
  });
}
