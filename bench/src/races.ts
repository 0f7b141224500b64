import http from 'node:http';
import type { Answer, Prepared } from './requests.ts';
import { send } from './requests.ts';
import { prepareIntrospection, prepareRedemption, prepareRefresh } from './steps.ts';
import type { Target } from './target.ts';

export const ROUNDS = 50;
export const PARALLEL = 8;

export interface RaceResult {
  /** Rounds in which more than one of the parallel redemptions of a code got tokens. */
  readonly redeemedTwice: number;
  /** The most redemptions that succeeded in one round. */
  readonly mostRedeemed: number;
  /** Rounds after which a token issued for the code was still valid, although the code had been used again. */
  readonly aliveAfterReuse: number;
  /** Rounds in which the very same request, assertion and DPoP proof included, was accepted more than once. */
  readonly replayed: number;
  readonly mostReplayed: number;
  /** Answers with status 500 or above, in all rounds. */
  readonly failures: number;
}

/**
 * Two processes on one database: one code is redeemed, and one request replayed, by several clients at the same moment.
 */
export async function race(target: Target): Promise<RaceResult> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: PARALLEL });
  const all: { redeemed: number; alive: number; accepted: number; failures: number }[] = [];
  const codes = await target.codes(2 * ROUNDS);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const raced = await Promise.all(Array.from({ length: PARALLEL }, () => prepareRedemption(target, codes[round])));
      const redemptions = await atOnce(target, raced, agent);
      const alive = await countAlive(target, redemptions.filter(succeeded), agent);
      const other = await send(target.port, await prepareRedemption(target, codes[ROUNDS + round]), agent);
      const one = await prepareRefresh(target, String(other.json['refresh_token']));
      const replays = await atOnce(target, Array<Prepared>(PARALLEL).fill(one), agent);
      all.push({
        redeemed: redemptions.filter(succeeded).length,
        alive,
        accepted: replays.filter(succeeded).length,
        failures: [...redemptions, ...replays].filter(({ status }) => status >= 500).length,
      });
    }
  } finally {
    agent.destroy();
  }
  const idle = all.find(({ redeemed, accepted }) => redeemed > PARALLEL || accepted === 0);
  if (idle !== undefined) throw new Error('A race in which nobody may win shows nothing.');
  return {
    redeemedTwice: all.filter(({ redeemed }) => redeemed > 1).length,
    mostRedeemed: Math.max(...all.map(({ redeemed }) => redeemed)),
    aliveAfterReuse: all.filter(({ alive }) => alive > 0).length,
    replayed: all.filter(({ accepted }) => accepted > 1).length,
    mostReplayed: Math.max(...all.map(({ accepted }) => accepted)),
    failures: all.reduce((sum, { failures }) => sum + failures, 0),
  };
}

const succeeded = ({ status }: Answer): boolean => status === 200;

function atOnce(target: Target, requests: readonly Prepared[], agent: http.Agent): Promise<Answer[]> {
  const { ports } = target;
  return Promise.all(
    requests.map((request, index) => send(ports[index % ports.length] ?? target.port, request, agent)),
  );
}

async function countAlive(target: Target, answers: readonly Answer[], agent: http.Agent): Promise<number> {
  const asked = await Promise.all(
    answers.map(async ({ json }) =>
      send(target.port, await prepareIntrospection(target, String(json['access_token'])), agent),
    ),
  );
  return asked.filter(({ json }) => json['active'] === true).length;
}
