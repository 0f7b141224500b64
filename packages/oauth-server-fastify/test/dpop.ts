import { beforeAll, describe, expect, test } from '@jest/globals';
import { forge, type Party, proof, registered, someKey } from './clients.ts';
import { codeFor, connected, push, redeem, refreshed, type Relationship } from './flow.ts';
import type { Answer } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** DPoP at the token and PAR endpoints. What makes a single proof good is tested with the crypto package. */
export function dpop(rigOf: () => Rig): void {
  describe('DPoP', () => {
    let rig: Rig;
    let party: Party;
    let relationship: Relationship;
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
      relationship = await connected(rig, rig.am, { party });
    });
    const invalidProof = { status: 400, json: { error: 'invalid_dpop_proof' } };
    const key = () => party.dpop ?? someKey();
    const refresh = (dpop: readonly string[], replica: 0 | 1 = 0): Promise<Answer> =>
      refreshed(rig, rig.am, { ...relationship, dpop, replica });

    test('D1 exactly one DPoP header: two are refused, equal or not, joined or not', async () => {
      const [one, two] = [await proof(rig, rig.am, key()), await proof(rig, rig.am, key())];
      for (const headers of [[one, two], [one, one], [`${one}, ${two}`], ['']])
        expect(await refresh(headers)).toMatchObject(invalidProof);
    });

    test('D3 a proof for /token is none for /par, and the other way round', async () => {
      expect(await push(rig, rig.am, { party, dpop: [await proof(rig, rig.am, key(), '/token')] })).toMatchObject(
        invalidProof,
      );
      expect(await refresh([await proof(rig, rig.am, key(), '/par')])).toMatchObject(invalidProof);
      expect(await refresh([await proof(rig, rig.host, key())])).toMatchObject(invalidProof);
    });

    test('D3 D5 a proof used at one replica is a replay at every other, whatever came of the first use', async () => {
      const good = await proof(rig, rig.am, key());
      expect(await refresh([good], 0)).toMatchObject({ status: 200 });
      expect(await refresh([good], 1)).toMatchObject(invalidProof);
      const wasted = await proof(rig, rig.am, key());
      const failed = await redeem(rig, rig.am, {
        party,
        code: `cha_ac_${'A'.repeat(46)}`,
        verifier: 'x',
        dpop: [wasted],
      });
      expect(failed).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
      expect(await refresh([wasted], 1)).toMatchObject(invalidProof);
      const atPar = await proof(rig, rig.am, key(), '/par');
      expect(await push(rig, rig.am, { party, dpop: [atPar], replica: 0 })).toMatchObject({ status: 201 });
      expect(await push(rig, rig.am, { party, dpop: [atPar], replica: 1 })).toMatchObject(invalidProof);
    });

    test('D4 of 50 parallel requests with one proof over two replicas one is answered', async () => {
      for (let round = 0; round < 2; round += 1) {
        const once = await proof(rig, rig.am, key());
        const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => refresh([once], i % 2 === 0 ? 0 : 1)));
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        expect(answers.filter(({ json }) => json['error'] === 'invalid_dpop_proof')).toHaveLength(49);
      }
    });

    test('D4 a replayed proof does not use up the code it came with', async () => {
      const granted = await codeFor(rig, rig.am, { party });
      const used = await proof(rig, rig.am, key());
      expect(await refresh([used])).toMatchObject({ status: 200 });
      expect(await redeem(rig, rig.am, { party, ...granted, dpop: [used] })).toMatchObject(invalidProof);
      expect(await redeem(rig, rig.am, { party, ...granted })).toMatchObject({ status: 200 });
    });

    test('D7 a proof is fresh: made within 60 seconds, whole or not, and good once', async () => {
      const { kty, crv, x, ...rest } = key().publicJwk;
      const jwk = { kty, crv, x, ...('y' in rest ? { y: rest.y } : {}) };
      const at = (iat: unknown): string =>
        forge(
          { typ: 'dpop+jwt', alg: 'ES256', jwk },
          { jti: String(Math.random()), htm: 'POST', htu: `${rig.am.issuer}/token`, iat },
          key(),
        );
      const now = Math.floor(rig.clock.now());
      expect(await refresh([at(now + 10)])).toMatchObject({ status: 200 });
      for (const iat of [now + 75, now - 75, 0, -1, String(now), null, undefined, 1e300]) {
        expect(await refresh([at(iat)])).toMatchObject(invalidProof);
      }
      expect(await refresh([at(now - 30)])).toMatchObject({ status: 200 });
      const fraction = at(now - 0.25);
      expect(await refresh([fraction])).toMatchObject({ status: 200 });
      expect(await refresh([fraction])).toMatchObject(invalidProof);
    });

    test('D7 a proof outlives its replay record nowhere: refused by time when the record is gone', async () => {
      const used = await proof(rig, rig.am, key());
      expect(await refresh([used])).toMatchObject({ status: 200 });
      await rig.age(600);
      await rig.pool.query('delete from oauth_replay where expires_at < now()');
      rig.clock.skew += 125;
      try {
        expect(await refresh([used])).toMatchObject(invalidProof);
      } finally {
        rig.clock.skew -= 125;
      }
    });
  });
}
