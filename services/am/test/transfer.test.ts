import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { ALL_WELL } from './support/house.ts';
import { minting } from './transfer/minting.ts';
import { races } from './transfer/races.ts';
import { house } from './transfer/scene.ts';
import { stops } from './transfer/stops.ts';
import { subjectTokens } from './transfer/subject-token.ts';
import { whatIsAsked } from './transfer/what-is-asked.ts';
import { whoAsks } from './transfer/who-asks.ts';

beforeEach(() => house.host.reset());
afterAll(() => house.close());

minting();
subjectTokens();
whatIsAsked();
whoAsks();
stops();
races();

it('leaves no token without its row, and no row open', async () => {
  expect(await house.audit()).toEqual(ALL_WELL);
});
