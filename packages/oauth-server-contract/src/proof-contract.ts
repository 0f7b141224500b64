import assert from 'node:assert/strict';
import type { OAuthStorage, Proof, UsedToken } from '@chatelaine/oauth-server';
import { type Bench, race, type TestRunner } from './harness.ts';
import { mint, type Minted } from './minting.ts';
import { freshHash, freshId, now, relate } from './relationship.ts';

const AUDIENCE = 'https://photos.example/api';
const WINDOW = 120;

function freshProof(jkt: string, iat = now()): Proof {
  return { jkt, jti: freshId('jti'), iat, expiresAt: iat + WINDOW };
}

interface Call {
  readonly token: Minted['token'];
  readonly proof: Proof;
  readonly audience?: string;
}
const use = (storage: OAuthStorage, { token, proof, audience = AUDIENCE }: Call): Promise<UsedToken> =>
  storage.useToken({ token, audience, proof });

/** A token that is bound to a key of its own. */
async function bound(storage: OAuthStorage): Promise<{ token: Minted['token']; jkt: string }> {
  const jkt = freshId('key');
  const { token } = await mint(storage, await relate(storage), { token: { jkt } });
  return { token, jkt };
}

export function proofContract({ it }: TestRunner, bench: Bench): void {
  it('a proof is spent with the token it is for, once, on whichever replica; the token is as found', async () => {
    const { token, jkt } = await bound(bench.storage);
    const proof = freshProof(jkt);
    const used = await use(bench.replicas[0], { token, proof });
    assert.equal(used.proof, 'spent');
    const found = await bench.storage.findToken(token);
    assert.deepEqual({ ...used.token, readAt: 0 }, { ...found, readAt: 0 });
    for (const replica of bench.replicas) assert.equal((await use(replica, { token, proof })).proof, 'replayed');
    assert.equal((await use(bench.storage, { token, proof: freshProof(jkt) })).proof, 'spent');
  });

  it('one jti of one key is one use, whatever else the proof says, and another key may say the same', async () => {
    const [first, second] = [await bound(bench.storage), await bound(bench.storage)];
    const proof = freshProof(first.jkt);
    assert.equal((await use(bench.storage, { ...first, proof })).proof, 'spent');
    const later = { ...proof, iat: proof.iat + 1, expiresAt: proof.expiresAt + 1 };
    assert.equal((await use(bench.storage, { ...first, proof: later })).proof, 'replayed');
    assert.equal((await use(bench.storage, { ...second, proof: { ...proof, jkt: second.jkt } })).proof, 'spent');
  });

  it('a proof for another token, audience or key is not spent', async () => {
    const { token, jkt } = await bound(bench.storage);
    const proof = freshProof(jkt);
    const unknown = { ...token, hash: freshHash() };
    assert.deepEqual(await use(bench.storage, { token: unknown, proof }), { token: null, proof: 'untouched' });
    const elsewhere = await use(bench.storage, { token, proof, audience: 'https://photos.example/other' });
    assert.equal(elsewhere.proof, 'untouched');
    assert.equal((await use(bench.storage, { token, proof: freshProof(freshId('key')) })).proof, 'untouched');
    const { token: unbound } = await mint(bench.storage, await relate(bench.storage), { token: { jkt: null } });
    assert.equal((await use(bench.storage, { token: unbound, proof })).proof, 'untouched');
    assert.equal((await use(bench.storage, { token, proof })).proof, 'spent');
  });

  it('of 50 calls with one proof at the same moment exactly one is served', async () => {
    const { token, jkt } = await bound(bench.storage);
    // the clock of a client may be ahead: a proof from 30 s ahead is remembered in another way, one from 5 s ahead only
    // until then
    for (const iat of [now(), now() + 30, now() + 5]) {
      const proof = freshProof(jkt, iat);
      const outcomes = await race(bench, 50, (storage) => use(storage, { token, proof }));
      assert.equal(outcomes.filter(({ proof: spent }) => spent === 'spent').length, 1);
      assert.equal(outcomes.filter(({ proof: spent }) => spent === 'replayed').length, 49);
    }
  });

  it('a proof that is ahead of the clock is spent once, and not again when its time has come', async () => {
    const { token, jkt } = await bound(bench.storage);
    const proof = freshProof(jkt, now() + 40);
    assert.equal((await use(bench.replicas[0], { token, proof })).proof, 'spent');
    assert.equal((await use(bench.replicas[1], { token, proof })).proof, 'replayed');
    await bench.age(40);
    const then = { ...proof, iat: proof.iat - 40, expiresAt: proof.expiresAt - 40 };
    assert.equal((await use(bench.storage, { token, proof: then })).proof, 'replayed');
  });

  it('a proof that was spent at another endpoint is not taken', async () => {
    const { token, jkt } = await bound(bench.storage);
    const proof = freshProof(jkt);
    await bench.storage.burn([{ kind: 'dpop', key: jkt, jti: proof.jti, expiresAt: proof.expiresAt }]);
    assert.equal((await use(bench.storage, { token, proof })).proof, 'replayed');
  });

  it('a proof is not forgotten before its time, and one whose time is over is not taken', async () => {
    const { token, jkt } = await bound(bench.storage);
    const proof = freshProof(jkt);
    await use(bench.storage, { token, proof });
    await bench.age(WINDOW - 10);
    await bench.storage.reap();
    assert.equal((await use(bench.storage, { token, proof })).proof, 'replayed');
    const late = { ...freshProof(jkt), expiresAt: now() - 1 };
    assert.equal((await use(bench.storage, { token, proof: late })).proof, 'replayed');
  });

  it('a token that ended is not there, and its proof is not spent', async () => {
    const link = await relate(bench.storage);
    const { token } = await mint(bench.storage, link, { token: { jkt: 'key-of-an-ended-one' } });
    await bench.storage.endGrant({ id: link.grant.id, by: 'owner' });
    const proof = freshProof('key-of-an-ended-one');
    assert.deepEqual(await use(bench.replicas[1], { token, proof }), { token: null, proof: 'untouched' });
  });
}
