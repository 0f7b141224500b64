import assert from 'node:assert/strict';
import { type Bench, countKind, race, type TestRunner } from './harness.ts';
import {
  consentTo,
  freshGuard,
  freshHash,
  freshId,
  newAnswer,
  newGrant,
  now,
  type OpenRequest,
  openRequest,
  redeem,
  REQUEST,
  saveRequest,
} from './relationship.ts';

const claim = (bench: Bench, open: OpenRequest, change: Partial<OpenRequest> = {}) =>
  bench.storage.claimRequest({ ...open, ...change, lifetimeSeconds: 600 });
const consent = (bench: Bench, open: OpenRequest, change: Partial<OpenRequest> = {}) =>
  consentTo(bench.storage, { ...open, ...change }, { grant: newGrant(), codeHash: freshHash() });
const refuse = (bench: Bench, open: OpenRequest, change: Partial<OpenRequest> = {}) =>
  bench.storage.refuseRequest({ ...open, requestHash: open.hash, answer: newAnswer(), ...change });

export function requestContract({ it }: TestRunner, bench: Bench): void {
  it('a request is claimed exactly as it was saved', async () => {
    const extensions = { one: { text: 'a\u0000b\ud800c𝄞"', list: [1, null] }, two: 'x' };
    const own = { ...REQUEST, scope: [], extensions, answeredBy: 'one' };
    const full = { ...REQUEST, state: `${'s'.repeat(4096)} ü 𝄞 %00 \t"`, jkt: 'thumbprint', prompt: 'none' };
    const bare = { ...REQUEST, transferScope: null, state: null };
    for (const request of [full, bare, own]) {
      const open = await saveRequest(bench.replicas[0], { request });
      const claimed = await bench.replicas[1].claimRequest({ ...open, lifetimeSeconds: 600 });
      assert.equal(claimed.kind, 'claimed');
      assert.deepEqual(claimed.request, request);
      assert.ok(Math.abs(claimed.expiresAt - now() - 600) < 60);
    }
  });

  it('what a browser had filled in is kept for it alone, the latest only, until there is an answer', async () => {
    const open = await saveRequest(bench.storage);
    const keep = (form: string, change: Partial<OpenRequest> = {}) =>
      bench.storage.keepForm({ ...open, ...change, form });
    const kept = async () => {
      const claimed = await claim(bench, open);
      return claimed.kind === 'claimed' ? claimed.form : claimed.kind;
    };
    await keep('a=1');
    assert.equal(await kept(), null);
    await keep('a=2&b=%C3%BC');
    await keep('a=3', { browserHash: freshHash() });
    await keep('a=4', { clientId: freshId('client') });
    assert.equal(await kept(), 'a=2&b=%C3%BC');
    await bench.replicas[0].keepForm({ ...open, form: 'a=5' });
    assert.equal(await kept(), 'a=5');
    await refuse(bench, open);
    await keep('a=6');
    assert.equal(await kept(), 'unknown');
  });

  it('an unknown request and one of another client are not found', async () => {
    const open = await saveRequest(bench.storage);
    assert.deepEqual(await claim(bench, open, { hash: freshHash() }), { kind: 'unknown' });
    assert.deepEqual(await claim(bench, open, { clientId: freshId('client') }), { kind: 'unknown' });
    assert.equal((await claim(bench, open)).kind, 'claimed');
  });

  it('of one client only so many wait at once; those of others, and those that are over, do not count', async () => {
    const clientId = freshId('client');
    const save = (of = clientId) =>
      bench.storage.saveRequest({
        hash: freshHash(),
        clientId: of,
        request: REQUEST,
        lifetimeSeconds: 90,
        atOnce: 2,
        guards: [],
      });
    assert.deepEqual(
      [await save(), await save(), await save()],
      [{ kind: 'saved' }, { kind: 'saved' }, { kind: 'full' }],
    );
    assert.deepEqual(await save(freshId('client')), { kind: 'saved' });
    await bench.age(91);
    assert.deepEqual(await save(), { kind: 'saved' });
  });

  it('a request that no browser opened in time is over', async () => {
    const open = await saveRequest(bench.storage);
    await bench.age(91);
    assert.deepEqual(await claim(bench, open), { kind: 'unknown' });
  });

  it('a request belongs to the first browser that opens it, which may open it again', async () => {
    const open = await openRequest(bench.storage);
    assert.deepEqual(await claim(bench, open, { browserHash: freshHash() }), { kind: 'unknown' });
    assert.equal((await claim(bench, open)).kind, 'claimed');
  });

  it('of 20 browsers opening one request at the same moment exactly one gets it', async () => {
    const open = await saveRequest(bench.storage);
    const outcomes = await race(bench, 20, (storage) =>
      storage.claimRequest({ ...open, browserHash: freshHash(), lifetimeSeconds: 600 }),
    );
    assert.equal(countKind(outcomes, 'claimed'), 1);
  });

  it('opening gives time for sign-in and consent, and opening again gives no more', async () => {
    const open = await openRequest(bench.storage);
    await bench.age(500);
    assert.equal((await claim(bench, open)).kind, 'claimed');
    await bench.age(101);
    assert.deepEqual(await claim(bench, open), { kind: 'unknown' });
    assert.deepEqual(await consent(bench, open), { kind: 'unknown' });
    assert.deepEqual(await refuse(bench, open), { kind: 'unknown' });
  });

  it('a replayed proof saves nothing, and the fresh ones beside it are burned', async () => {
    const [used, fresh] = [freshGuard('assertion'), freshGuard('dpop')];
    await bench.storage.burn([used]);
    const open = { clientId: freshId('client'), hash: freshHash(), browserHash: freshHash(), request: REQUEST };
    const saved = await bench.storage.saveRequest({
      ...open,
      lifetimeSeconds: 90,
      atOnce: 1_000,
      guards: [fresh, used],
    });
    assert.deepEqual(saved, { kind: 'replayed', guard: 'assertion' });
    assert.deepEqual(await claim(bench, open), { kind: 'unknown' });
    assert.equal((await bench.storage.burn([fresh])).kind, 'replayed');
  });
}

export function consentContract({ it }: TestRunner, bench: Bench): void {
  it('consent makes grant and code in one step, and the code carries what the request said', async () => {
    const open = await openRequest(bench.storage, { request: { jkt: 'thumbprint' } });
    const grant = newGrant();
    const codeHash = freshHash();
    assert.deepEqual(await consentTo(bench.replicas[0], open, { grant, codeHash }), {
      kind: 'issued',
      request: open.request,
    });
    const code = { bucket: grant.bucket, hash: codeHash };
    const { clientId, request } = open;
    const { redirectUri, codeChallenge, jkt } = request;
    const read = await bench.replicas[1].readCode(code);
    const { expiresAt: _, ...granted } = grant;
    const stored = { ...granted, clientId, jkt, answeredBy: null, isAuthenticated: false };
    assert.deepEqual(read, { clientId, redirectUri, codeChallenge, jkt, grant: stored, isOpen: true });
    const { outcome } = await redeem(bench.storage, { clientId, code, grant, jkt });
    assert.deepEqual(outcome.kind === 'redeemed' ? outcome.grant : outcome, stored);
  });

  it('only the browser that opened the request can answer it, and a stranger’s try leaves it open', async () => {
    const open = await openRequest(bench.storage);
    const strangers = [{ browserHash: freshHash() }, { clientId: freshId('client') }];
    for (const change of strangers) {
      assert.deepEqual(await consent(bench, open, change), { kind: 'unknown' });
      assert.deepEqual(await refuse(bench, open, change), { kind: 'unknown' });
    }
    assert.equal((await consent(bench, open)).kind, 'issued');
  });

  it('a request that nobody opened cannot be answered', async () => {
    const open = await saveRequest(bench.storage);
    assert.deepEqual(await consent(bench, open), { kind: 'unknown' });
    assert.deepEqual(await refuse(bench, open), { kind: 'unknown' });
  });

  it('a finished request is over: it can be neither opened nor answered again', async () => {
    for (const finish of [consent, refuse]) {
      const open = await openRequest(bench.storage);
      await finish(bench, open);
      assert.deepEqual(await claim(bench, open), { kind: 'unknown' });
      assert.deepEqual(await consent(bench, open), { kind: 'unknown' });
      assert.deepEqual(await refuse(bench, open), { kind: 'unknown' });
    }
  });

  it('refusal says where to answer and leaves no grant', async () => {
    const open = await openRequest(bench.storage);
    const grant = newGrant();
    assert.deepEqual(await refuse(bench, open), { kind: 'refused', request: open.request });
    const late = await consentTo(bench.storage, open, { grant, codeHash: freshHash() });
    assert.deepEqual(late, { kind: 'unknown' });
    assert.equal(await bench.storage.endGrant({ id: grant.id, by: 'owner' }), false);
  });

  it('an answer is kept for the browser that gave it: ten seconds, and while its code is unused', async () => {
    const again = (open: OpenRequest, change: Partial<OpenRequest> = {}) =>
      bench.replicas[1].readAnswer({ ...open, requestHash: open.hash, withinSeconds: 10, ...change });
    const answer = newAnswer();
    const open = await openRequest(bench.storage);
    assert.deepEqual(await again(open), { kind: 'unknown' });
    const grant = newGrant();
    const codeHash = freshHash();
    await consentTo(bench.replicas[0], open, { grant, codeHash, answer });
    const { redirectUri } = open.request;
    const kept = { kind: 'answered', redirectUri, ...answer };
    assert.deepEqual(await again(open), kept);
    for (const change of [{ browserHash: freshHash() }, { clientId: freshId('client') }])
      assert.deepEqual(await again(open, change), { kind: 'unknown' });
    const { clientId } = open;
    await redeem(bench.storage, { clientId, code: { bucket: grant.bucket, hash: codeHash }, grant, jkt: null });
    assert.deepEqual(await again(open), { ...kept, encrypted: null });
    const other = await openRequest(bench.storage);
    await bench.storage.refuseRequest({ ...other, requestHash: other.hash, answer });
    assert.deepEqual(await again(other), kept);
    await bench.age(11);
    assert.deepEqual(await again(other), { ...kept, encrypted: null });
    await bench.age(600);
    assert.deepEqual(await again(other), { kind: 'unknown' });
  });

  it('an answer whose grant has ended is not to be had again', async () => {
    const open = await openRequest(bench.storage);
    const grant = newGrant();
    await consentTo(bench.storage, open, { grant, codeHash: freshHash() });
    await bench.storage.endGrant({ id: grant.id, by: 'owner' });
    const read = await bench.storage.readAnswer({ ...open, requestHash: open.hash, withinSeconds: 10 });
    assert.equal(read.kind === 'answered' ? read.encrypted : 'unknown', null);
  });

  it('of 30 answers to one request at the same moment exactly one counts', async () => {
    const open = await openRequest(bench.storage);
    const grants = Array.from({ length: 30 }, () => newGrant());
    const outcomes = await race<{ readonly kind: string }>(bench, 30, (storage, n) => {
      const grant = grants[n] ?? newGrant();
      if (n % 3 === 0) return storage.refuseRequest({ ...open, requestHash: open.hash, answer: newAnswer() });
      return consentTo(storage, open, { grant, codeHash: freshHash() });
    });
    assert.equal(countKind(outcomes, 'unknown'), 29);
    const alive = await Promise.all(grants.map(({ id }) => bench.storage.endGrant({ id, by: 'server' })));
    assert.equal(alive.filter(Boolean).length, countKind(outcomes, 'issued'));
  });
}
