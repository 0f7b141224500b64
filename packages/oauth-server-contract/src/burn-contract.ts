import assert from 'node:assert/strict';
import { type Bench, countKind, race, type TestRunner } from './harness.ts';
import { freshGuard } from './relationship.ts';

export function burnContract({ it }: TestRunner, bench: Bench): void {
  it('a guard burns once; the second time it is named as replayed, on every replica', async () => {
    for (const kind of ['dpop', 'assertion', 'statement', 'requester_statement'] as const) {
      const guard = freshGuard(kind);
      assert.deepEqual(await bench.replicas[0].burn([guard]), { kind: 'burned' });
      assert.deepEqual(await bench.replicas[1].burn([guard]), { kind: 'replayed', guard: kind });
      assert.deepEqual(await bench.replicas[0].burn([{ ...guard, expiresAt: guard.expiresAt + 60 }]), {
        kind: 'replayed',
        guard: kind,
      });
    }
  });

  it('the same jti of another key, or for another purpose, is another guard', async () => {
    const guard = freshGuard('dpop');
    const others = [guard, { ...guard, key: `${guard.key}x` }, { ...guard, kind: 'assertion' as const }];
    for (const other of others) assert.deepEqual(await bench.storage.burn([other]), { kind: 'burned' });
  });

  it('key and jti cannot be shifted into each other', async () => {
    const { key, jti, ...rest } = freshGuard();
    assert.equal((await bench.storage.burn([{ ...rest, key: `${key}|x`, jti }])).kind, 'burned');
    assert.equal((await bench.storage.burn([{ ...rest, key, jti: `x|${jti}` }])).kind, 'burned');
  });

  it('of several guards the first that was used before is named, and those that were fresh stay burned', async () => {
    const [fresh, used, alsoUsed] = [freshGuard('dpop'), freshGuard('assertion'), freshGuard('statement')];
    await bench.storage.burn([used, alsoUsed]);
    assert.deepEqual(await bench.storage.burn([fresh, used, alsoUsed]), { kind: 'replayed', guard: 'assertion' });
    assert.deepEqual(await bench.storage.burn([fresh]), { kind: 'replayed', guard: 'dpop' });
  });

  it('one guard twice in one request is a replay', async () => {
    const guard = freshGuard('statement');
    assert.deepEqual(await bench.storage.burn([guard, guard]), { kind: 'replayed', guard: 'statement' });
  });

  it('a request without guards has nothing to burn', async () => {
    assert.deepEqual(await bench.storage.burn([]), { kind: 'burned' });
  });

  it('of 50 requests with one proof at the same moment exactly one is served', async () => {
    const guard = freshGuard();
    const outcomes = await race(bench, 50, (storage) => storage.burn([guard]));
    assert.equal(countKind(outcomes, 'burned'), 1);
    assert.equal(countKind(outcomes, 'replayed'), 49);
  });

  it('requests that share two proofs in different orders do not deadlock, and at most one is served', async () => {
    const [a, b] = [freshGuard('dpop'), freshGuard('assertion')];
    const outcomes = await race(bench, 40, (storage, n) => storage.burn(n % 4 < 2 ? [a, b] : [b, a]));
    assert.ok(countKind(outcomes, 'burned') <= 1);
    assert.equal((await bench.storage.burn([a])).kind, 'replayed');
  });

  it('a guard that is over by the storage’s clock is not taken, whatever the clock of a process says', async () => {
    const late = freshGuard('assertion', -1);
    assert.deepEqual(await bench.storage.burn([late]), { kind: 'replayed', guard: 'assertion' });
    const fresh = freshGuard('dpop', 60);
    assert.deepEqual(await bench.storage.burn([fresh, late]), { kind: 'replayed', guard: 'assertion' });
  });

  it('a guard that was reaped is not taken again', async () => {
    const guard = freshGuard('statement', 60);
    assert.deepEqual(await bench.storage.burn([guard]), { kind: 'burned' });
    await bench.age(600);
    await bench.storage.reap();
    assert.deepEqual(await bench.storage.burn([{ ...guard, expiresAt: guard.expiresAt - 600 }]), {
      kind: 'replayed',
      guard: 'statement',
    });
  });

  it('a guard is not forgotten before its time', async () => {
    const guard = freshGuard('dpop', 120);
    await bench.storage.burn([guard]);
    await bench.age(110);
    await bench.storage.reap();
    assert.equal((await bench.storage.burn([guard])).kind, 'replayed');
  });
}
