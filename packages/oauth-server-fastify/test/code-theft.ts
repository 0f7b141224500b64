import { createVerifier } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { documented, INVALID_GRANT, INVALID_REQUEST, type Party, registered, sidesOf } from './clients.ts';
import { Browser, codeFor, connected, redeem, refreshed } from './flow.ts';
import { send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

const RACERS = 50;
const ROUNDS = 5;

/** A code that is stolen, old, used twice or used by many at once. */
export function codeTheft(rigOf: () => Rig): void {
  describe('a code in other hands', () => {
    let rig: Rig;
    let party: Party;
    let am: Party;
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
      am = documented(rig, rig.host);
    });
    const sides = () => sidesOf(rig, { party, am });

    test('T1 a wrong verifier after the code was used ends nothing: the code alone can do no harm', async () => {
      const { code, verifier } = await codeFor(rig, rig.am, { party });
      const good = await redeem(rig, rig.am, { party, code, verifier });
      expect(await redeem(rig, rig.am, { party, code, verifier: createVerifier() })).toMatchObject(INVALID_GRANT);
      expect(await rig.isAlive(String(good.json['access_token']))).toBe(true);
    });

    test('T3 another client’s code is refused, and stays good for its own', async () => {
      const others = [
        [rig.am, party, await registered(rig)],
        [rig.host, am, documented(rig, rig.host)],
      ] as const;
      for (const [side, client, thief] of others) {
        const granted = await codeFor(rig, side, { party: client });
        const dpop = client.dpop;
        expect(await redeem(rig, side, { party: { ...thief, dpop }, ...granted })).toMatchObject(INVALID_GRANT);
        // who has no right to a code cannot spoil it either
        const guessed = { code: granted.code, verifier: createVerifier() };
        expect(await redeem(rig, side, { party: { ...thief, dpop }, ...guessed })).toMatchObject(INVALID_GRANT);
        expect(await redeem(rig, side, { party: client, ...granted })).toMatchObject({ status: 200 });
      }
    });

    test('T5 a code is good for 60 seconds', async () => {
      for (const [side, client] of sides()) {
        const granted = await codeFor(rig, side, { party: client });
        await rig.age(61);
        expect(await redeem(rig, side, { party: client, ...granted })).toMatchObject(INVALID_GRANT);
      }
    });

    test('T6 a code used twice, by a request that is good in itself, ends all tokens of the first use', async () => {
      for (const [side, client] of sides()) {
        const granted = await codeFor(rig, side, { party: client });
        const first = await redeem(rig, side, { party: client, ...granted });
        const tokens = [String(first.json['access_token']), String(first.json['refresh_token'])];
        expect(await Promise.all(tokens.map(rig.isAlive))).toEqual([true, true]);
        expect(await redeem(rig, side, { party: client, ...granted, replica: 1 })).toMatchObject(INVALID_GRANT);
        expect(await Promise.all(tokens.map(rig.isAlive))).toEqual([false, false]);
        expect(await refreshed(rig, side, { party: client, refreshToken: tokens[1] ?? '' })).toMatchObject(
          INVALID_GRANT,
        );
        expect(side.events.at(-1)).not.toBeUndefined();
        expect(side.events).toContainEqual(expect.objectContaining({ event: 'code_reused', clientId: client.id }));
      }
    });

    test(`T8 of ${RACERS} parallel redemptions over two replicas one gets tokens, and the rest end them`, async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [side, client] = sides()[round % 2] ?? [rig.am, party];
        const granted = await codeFor(rig, side, { party: client });
        const answers = await Promise.all(
          Array.from({ length: RACERS }, (_, i) =>
            redeem(rig, side, { party: client, ...granted, replica: i % 2 === 0 ? 0 : 1 }),
          ),
        );
        const good = answers.filter(({ status }) => status === 200);
        expect(good).toHaveLength(1);
        expect(answers.filter(({ status, json }) => status === 400 && json['error'] === 'invalid_grant')).toHaveLength(
          RACERS - 1,
        );
        expect(await rig.isAlive(String(good[0]?.json['access_token']))).toBe(false);
        expect(await rig.isAlive(String(good[0]?.json['refresh_token']))).toBe(false);
      }
    });

    test('T16 a client deleted between request and redemption is none any more', async () => {
      const client = await registered(rig);
      const granted = await codeFor(rig, rig.am, { party: client });
      const headers = { authorization: `Bearer ${client.registrationToken}` };
      expect((await send(rig.am.ports[1], { method: 'DELETE', path: `/register/${client.id}`, headers })).status).toBe(
        204,
      );
      expect(await redeem(rig, rig.am, { party: client, ...granted })).toMatchObject({
        status: 401,
        json: { error: 'invalid_client' },
      });
    });

    test('what is no code is refused like one that is unknown', async () => {
      const { accessToken, refreshToken } = await connected(rig, rig.am, { party });
      const verifier = createVerifier();
      const texts = new Set<string>();
      for (const code of ['x', 'cha_ac_', accessToken, refreshToken, `cha_ac_${'A'.repeat(46)}`, 'x'.repeat(8000)]) {
        const answer = await redeem(rig, rig.am, { party, code, verifier });
        expect(answer).toMatchObject(INVALID_GRANT);
        texts.add(answer.text);
      }
      expect(texts.size).toBe(1);
      expect(await redeem(rig, rig.am, { party, code: '', verifier })).toMatchObject(INVALID_REQUEST);
    });

    test('an owner’s other relationships are not touched when one ends', async () => {
      const browser = new Browser(rig.am, 'owner-of-two');
      const [one, two] = [
        await codeFor(rig, rig.am, { party, browser }),
        await codeFor(rig, rig.am, { party, browser }),
      ];
      const answers = [await redeem(rig, rig.am, { party, ...one }), await redeem(rig, rig.am, { party, ...two })];
      await redeem(rig, rig.am, { party, ...one });
      const alive = await Promise.all(answers.map(({ json }) => rig.isAlive(String(json['refresh_token']))));
      expect(alive).toEqual([false, true]);
    });
  });
}
