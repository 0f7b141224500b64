import assert from 'node:assert/strict';
import { type Bench, countKind, race, rounds, type TestRunner } from './harness.ts';
import {
  assertAlive,
  assertDead,
  consentTo,
  freshHash,
  freshId,
  issue,
  newGrant,
  now,
  openRequest,
  redeem,
  relate,
} from './relationship.ts';

const METADATA = { client_name: 'Printing shop', redirect_uris: ['https://client.example/callback'] };

async function register(bench: Bench): Promise<{ id: string; registrationTokenHash: Buffer }> {
  const client = { id: freshId('client'), registrationTokenHash: freshHash() };
  await bench.storage.insertClient({ ...client, metadata: METADATA, secretHash: null });
  return client;
}

export function clientContract({ it }: TestRunner, bench: Bench): void {
  it('a registered client is found as it was stored; an unknown one is not', async () => {
    const { id } = await register(bench);
    const found = await bench.replicas[1].findClient(id);
    assert.deepEqual({ ...found, createdAt: 0 }, { id, metadata: METADATA, createdAt: 0, secretHash: null });
    assert.ok(Math.abs((found?.createdAt ?? 0) - now()) < 60);
    assert.equal(await bench.storage.findClient(freshId('client')), null);
  });

  it('metadata comes back with every character it had', async () => {
    const id = freshId('client');
    const metadata = { ...METADATA, software_id: 'a\u0000b\ud800c𝄞"' };
    await bench.storage.insertClient({ id, metadata, registrationTokenHash: freshHash(), secretHash: null });
    assert.deepEqual((await bench.storage.findClient(id))?.metadata, metadata);
  });

  it('a client’s secret comes back as it was hashed', async () => {
    const [id, secretHash] = [freshId('client'), freshHash()];
    await bench.storage.insertClient({ id, metadata: METADATA, registrationTokenHash: freshHash(), secretHash });
    assert.deepEqual((await bench.replicas[1].findClient(id))?.secretHash, secretHash);
  });

  it('a registration access token finds its own client only', async () => {
    const [a, b] = [await register(bench), await register(bench)];
    assert.equal(
      (await bench.storage.findClientByRegistrationToken({ id: a.id, hash: a.registrationTokenHash }))?.id,
      a.id,
    );
    assert.equal(await bench.storage.findClientByRegistrationToken({ id: a.id, hash: b.registrationTokenHash }), null);
    assert.equal(await bench.storage.findClientByRegistrationToken({ id: a.id, hash: freshHash() }), null);
  });

  it('deleting a client ends its grants, codes and tokens at once, and nobody else’s', async () => {
    const client = await register(bench);
    const link = await relate(bench.storage, { clientId: client.id });
    const pending = await issue(bench.storage, { clientId: client.id });
    const open = await openRequest(bench.storage, { clientId: client.id });
    const other = await relate(bench.storage);
    assert.deepEqual(await bench.storage.deleteClient(client), { kind: 'deleted' });
    assert.equal(await bench.replicas[1].findClient(client.id), null);
    await assertDead(bench.replicas, link.accessToken, link.refreshToken);
    assert.equal((await redeem(bench.storage, pending)).outcome.kind, 'unknown');
    assert.equal((await consentTo(bench.storage, open, { grant: newGrant(), codeHash: freshHash() })).kind, 'unknown');
    await assertAlive(bench.replicas, other.accessToken, other.refreshToken);
    assert.deepEqual(await bench.storage.deleteClient(client), { kind: 'unknown' });
  });

  it('deleting with a wrong registration token changes nothing', async () => {
    const client = await register(bench);
    const link = await relate(bench.storage, { clientId: client.id });
    const open = await openRequest(bench.storage, { clientId: client.id });
    assert.deepEqual(await bench.storage.deleteClient({ ...client, registrationTokenHash: freshHash() }), {
      kind: 'unknown',
    });
    await assertAlive(bench.replicas, link.accessToken, link.refreshToken);
    assert.equal((await consentTo(bench.storage, open, { grant: newGrant(), codeHash: freshHash() })).kind, 'issued');
    assert.notEqual(await bench.storage.findClient(client.id), null);
  });

  it('of 20 deletions at the same moment exactly one finds the client', async () => {
    const client = await register(bench);
    const outcomes = await race(bench, 20, (storage) => storage.deleteClient(client));
    assert.equal(countKind(outcomes, 'deleted'), 1);
  });

  it('a consent given while its client is being deleted leaves nothing that can be redeemed', async () => {
    await rounds(25, async (n) => {
      const client = await register(bench);
      const open = await openRequest(bench.storage, { clientId: client.id });
      const grant = newGrant();
      const code = { bucket: grant.bucket, hash: freshHash() };
      const consent = () => consentTo(bench.replicas[0], open, { grant, codeHash: code.hash });
      const remove = () => bench.replicas[1].deleteClient(client);
      await Promise.all(n % 2 === 0 ? [consent(), remove()] : [remove(), consent()]);
      const late = await redeem(bench.storage, { clientId: client.id, code, grant, jkt: null });
      assert.equal(late.outcome.kind, 'unknown');
      assert.equal(await bench.storage.endGrant({ id: grant.id, by: 'owner' }), false);
    });
  });
}

export function documentContract({ it }: TestRunner, bench: Bench): void {
  const freshUrl = (): string => `https://client.example/${freshId('document')}`;

  it('a document is read as it was written, with its age and how long it is fresh', async () => {
    const url = freshUrl();
    const body = { client_name: 'a\u0000b\ud800', nested: [1, null, { x: true }] };
    assert.equal(await bench.storage.readDocument(url), null);
    await bench.storage.writeDocument({ url, body, freshForSeconds: 300 });
    await bench.age(100);
    const read = await bench.replicas[1].readDocument(url);
    assert.deepEqual(read?.body, body);
    assert.ok(Math.abs((read?.ageSeconds ?? 0) - 100) < 5);
    assert.ok(Math.abs((read?.freshForSeconds ?? 0) - 200) < 5);
  });

  it('any JSON value is a body', async () => {
    for (const body of [null, 'text', 0, false, []]) {
      const url = freshUrl();
      await bench.storage.writeDocument({ url, body, freshForSeconds: 300 });
      assert.deepEqual((await bench.storage.readDocument(url))?.body, body);
    }
  });

  it('a stale document is still there and says so; writing again makes it new', async () => {
    const url = freshUrl();
    await bench.storage.writeDocument({ url, body: 'old', freshForSeconds: 300 });
    await bench.age(400);
    await bench.storage.reap();
    const stale = await bench.storage.readDocument(url);
    assert.equal(stale?.body, 'old');
    assert.ok(stale.freshForSeconds < 0);
    await bench.storage.writeDocument({ url, body: 'new', freshForSeconds: 300 });
    const fresh = await bench.replicas[1].readDocument(url);
    assert.equal(fresh?.body, 'new');
    assert.ok(fresh.ageSeconds < 5 && fresh.freshForSeconds > 290);
  });

  it('many writing one document at the same moment all succeed', async () => {
    const url = freshUrl();
    await race(bench, 20, (storage, n) => storage.writeDocument({ url, body: n, freshForSeconds: 300 }));
    assert.equal(typeof (await bench.storage.readDocument(url))?.body, 'number');
  });
}
