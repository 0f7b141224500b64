import assert from 'node:assert/strict';
import type { Bench, TestRunner } from './harness.ts';
import {
  consentTo,
  freshHash,
  freshId,
  newAnswer,
  newGrant,
  type OpenRequest,
  redeem,
  REQUEST,
  saveRequest,
} from './relationship.ts';

const claim = (bench: Bench, open: OpenRequest) => bench.storage.claimRequest({ ...open, lifetimeSeconds: 600 });

export function furtherCodeContract({ it }: TestRunner, bench: Bench): void {
  it('a further code is for a live grant of the same client, owner and key, and for nothing less', async () => {
    const jkt = freshId('key');
    const clientId = freshId('client');
    const ask = (request: Partial<typeof REQUEST>, of = clientId) =>
      saveRequest(bench.storage, { clientId: of, request: { ...REQUEST, transferScope: null, jkt, ...request } });
    const proven = await ask({ isAuthenticated: true });
    await claim(bench, proven);
    const grant = newGrant();
    await consentTo(bench.storage, proven, { grant, codeHash: freshHash() });
    const further = async (open: OpenRequest, over: Partial<typeof grant> = {}) => {
      await claim(bench, open);
      const { hash, ...rest } = open;
      const codeHash = freshHash();
      const parts = { codeHash, codeLifetimeSeconds: 60, grant: { ...grant, ...over }, answer: newAnswer() };
      const issued = await bench.storage.issueFurtherCode({ ...rest, requestHash: hash, ...parts });
      return { kind: issued.kind, codeHash, stands: (await claim(bench, open)).kind === 'claimed' };
    };
    const wrong: [Partial<typeof REQUEST>, Partial<typeof grant>, string?][] = [
      [{ isAuthenticated: true }, { id: freshId('grant') }],
      [{ isAuthenticated: true }, { subject: freshId('owner') }],
      [{ isAuthenticated: true, jkt: freshId('key') }, {}],
      [{ isAuthenticated: true, jkt: null }, {}],
      [{ isAuthenticated: false }, {}],
      [{ isAuthenticated: true, answeredBy: 'another' }, {}],
      [{ isAuthenticated: true }, {}, freshId('client')],
    ];
    for (const [request, over, of] of wrong) {
      const { kind, stands } = await further(await ask(request, of), over);
      assert.deepEqual([kind, stands], ['unknown', true]);
    }
    const open = await ask({ isAuthenticated: true });
    const issued = await further(open);
    assert.deepEqual([issued.kind, issued.stands], ['issued', false]);
    const code = { bucket: grant.bucket, hash: issued.codeHash };
    const redeemed = async (key: string) =>
      (await redeem(bench.storage, { clientId, code, grant, jkt }, { jkt: key, isAuthenticated: true })).outcome;
    assert.equal((await redeemed(freshId('key'))).kind, 'unknown');
    const found = await redeemed(jkt);
    assert.equal(found.kind === 'redeemed' && found.grant.id, grant.id);
    await bench.storage.endGrant({ id: grant.id, by: 'owner' });
    assert.equal((await further(await ask({ isAuthenticated: true }))).kind, 'unknown');
  });
}
