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
  issue,
  now,
  redeem,
  relate,
} from './relationship.ts';

export function codeContract({ it }: TestRunner, bench: Bench): void {
  it('a code is redeemed for tokens that live as long as was asked, in the order asked', async () => {
    const link = await relate(bench.storage, { accessLifetimeSeconds: HOUR, idleSeconds: 90 * DAY });
    assert.equal(link.outcome.kind, 'redeemed');
    const lifetimes = link.outcome.expiresAt.map((at) => Math.round(at - now()));
    assert.ok(Math.abs((lifetimes[0] ?? 0) - HOUR) < 10);
    assert.ok(Math.abs((lifetimes[1] ?? 0) - 90 * DAY) < 10);
    await assertAlive(bench.replicas, link.accessToken, link.refreshToken);
  });

  it('tokens never outlive their grant', async () => {
    const expiresAt = now() + 600;
    const link = await relate(bench.storage, { grant: { expiresAt } });
    assert.equal(link.outcome.kind, 'redeemed');
    for (const at of link.outcome.expiresAt) assert.ok(Math.abs(at - expiresAt) < 0.01);
  });

  it('an unknown code is unknown', async () => {
    const issued = await issue(bench.storage);
    const made = { ...issued, code: { ...issued.code, hash: freshHash() } };
    assert.equal(await bench.storage.readCode(made.code), null);
    assert.deepEqual((await redeem(bench.storage, made)).outcome, { kind: 'unknown' });
  });

  it('a code works for its own client and key only, and a stranger’s try does not spend it', async () => {
    const issued = await issue(bench.storage, { request: { jkt: 'thumbprint' } });
    assert.deepEqual((await redeem(bench.storage, issued, { clientId: freshId('client') })).outcome, {
      kind: 'unknown',
    });
    assert.deepEqual((await redeem(bench.storage, issued, { jkt: 'another' })).outcome, { kind: 'unknown' });
    assert.deepEqual((await redeem(bench.storage, issued, { jkt: null })).outcome, { kind: 'unknown' });
    assert.equal((await redeem(bench.storage, issued)).outcome.kind, 'redeemed');
  });

  it('a grant remembers that its client authenticated, when it pushed or when it redeemed the code', async () => {
    const remembered = async (way: { request?: { isAuthenticated: boolean }; isAuthenticated?: boolean }) => {
      const link = await relate(bench.storage, way);
      assert.equal(link.outcome.kind, 'redeemed');
      const stored = await bench.replicas[1].findToken(link.refreshToken);
      assert.equal(stored?.grant.isAuthenticated, link.outcome.grant.isAuthenticated);
      return stored?.grant.isAuthenticated;
    };
    assert.equal(await remembered({}), false);
    assert.equal(await remembered({ isAuthenticated: true }), true);
    assert.equal(await remembered({ request: { isAuthenticated: true } }), true);
  });

  it('a code past its lifetime is refused', async () => {
    const issued = await issue(bench.storage, { codeLifetimeSeconds: 60 });
    await bench.age(61);
    assert.deepEqual((await redeem(bench.storage, issued)).outcome, { kind: 'unknown' });
  });

  it('a code of an ended grant is refused', async () => {
    const issued = await issue(bench.storage);
    await bench.replicas[1].endGrant({ id: issued.grant.id, by: 'owner' });
    assert.deepEqual((await redeem(bench.replicas[0], issued)).outcome, { kind: 'unknown' });
  });

  it('using a code again is refused and ends the grant with every token of the first use', async () => {
    const link = await relate(bench.replicas[0]);
    const again = await redeem(bench.replicas[1], link);
    assert.deepEqual(again.outcome, { kind: 'reused', grantId: link.grant.id });
    await assertDead(bench.replicas, link.accessToken, link.refreshToken, again.accessToken, again.refreshToken);
    assert.equal(await bench.storage.endGrant({ id: link.grant.id, by: 'owner' }), false);
    assert.equal((await redeem(bench.storage, link)).outcome.kind, 'reused');
  });

  it('reuse is noticed long after the code’s own lifetime', async () => {
    const link = await relate(bench.storage);
    await bench.age(23 * HOUR);
    await bench.storage.reap();
    assert.equal((await redeem(bench.storage, link)).outcome.kind, 'reused');
    await assertDead(bench.replicas, link.refreshToken);
  });

  it('another client that presents a used code ends nothing', async () => {
    const link = await relate(bench.storage);
    assert.deepEqual((await redeem(bench.storage, link, { clientId: freshId('client') })).outcome, { kind: 'unknown' });
    await assertAlive(bench.replicas, link.accessToken, link.refreshToken);
  });

  it('a spoiled code is of no use to anybody, and neither is its grant', async () => {
    const issued = await issue(bench.storage);
    await bench.replicas[1].invalidateCode(issued.code);
    assert.deepEqual((await redeem(bench.replicas[0], issued)).outcome, { kind: 'unknown' });
    assert.equal(await bench.storage.endGrant({ id: issued.grant.id, by: 'owner' }), false);
  });

  it('spoiling a code that was used leaves its tokens alone', async () => {
    const link = await relate(bench.storage);
    await bench.storage.invalidateCode(link.code);
    await assertAlive(bench.replicas, link.accessToken, link.refreshToken);
    await bench.storage.invalidateCode({ ...link.code, hash: freshHash() });
  });

  it('a replayed proof redeems nothing and does not spend the code', async () => {
    const issued = await issue(bench.storage);
    const [used, fresh] = [freshGuard('dpop'), freshGuard('assertion')];
    await bench.storage.burn([used]);
    const replayed = await redeem(bench.storage, issued, { guards: [fresh, used] });
    assert.deepEqual(replayed.outcome, { kind: 'replayed', guard: 'dpop' });
    await assertDead(bench.replicas, replayed.accessToken, replayed.refreshToken);
    assert.equal((await bench.storage.burn([fresh])).kind, 'replayed');
    assert.equal((await redeem(bench.storage, issued, { guards: [freshGuard()] })).outcome.kind, 'redeemed');
  });

  it('a replayed request with a used code does not count as its second use', async () => {
    const issued = await issue(bench.storage);
    const guard = freshGuard();
    const first = await redeem(bench.storage, issued, { guards: [guard] });
    assert.equal((await redeem(bench.storage, issued, { guards: [guard] })).outcome.kind, 'replayed');
    await assertAlive(bench.replicas, first.accessToken);
  });
}

export function codeRaceContract({ it }: TestRunner, bench: Bench): void {
  it('of 50 redemptions of one code at once exactly one succeeds, and the others have ended its grant', async () => {
    await rounds(4, async () => {
      const issued = await issue(bench.storage);
      const redemptions = await race(bench, 50, (storage) => redeem(storage, issued, { guards: [freshGuard()] }));
      const outcomes = redemptions.map(({ outcome }) => outcome);
      assert.equal(countKind(outcomes, 'redeemed'), 1);
      assert.equal(countKind(outcomes, 'reused'), 49);
      await assertDead(
        bench.replicas,
        ...redemptions.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
      );
    });
  });

  it('after the answer that a grant has ended, no redemption that overlapped it has left a live token', async () => {
    await rounds(25, async (n) => {
      const issued = await issue(bench.storage);
      const spend = () => redeem(bench.replicas[0], issued);
      const end = () => bench.replicas[1].endGrant({ id: issued.grant.id, by: 'owner' });
      const [redemption, ended] =
        n % 2 === 0 ? await Promise.all([spend(), end()]) : swap(await Promise.all([end(), spend()]));
      assert.equal(ended, true);
      await assertDead(bench.replicas, redemption.accessToken, redemption.refreshToken);
    });
  });

  it('a code spoiled while it is being redeemed is either redeemed for good or spoiled for good', async () => {
    await rounds(25, async (n) => {
      const issued = await issue(bench.storage);
      const spend = () => redeem(bench.replicas[0], issued);
      const invalidate = () => bench.replicas[1].invalidateCode(issued.code);
      const [redemption] =
        n % 2 === 0 ? await Promise.all([spend(), invalidate()]) : swap(await Promise.all([invalidate(), spend()]));
      const { accessToken, refreshToken } = redemption;
      if (redemption.outcome.kind === 'redeemed') await assertAlive(bench.replicas, accessToken, refreshToken);
      else await assertDead(bench.replicas, accessToken, refreshToken);
    });
  });
}

const swap = <A, B>([a, b]: [A, B]): [B, A] => [b, a];
