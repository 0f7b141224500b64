import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { ALL_WELL } from './support/deployment.ts';
import { minting } from './transfer/minting.ts';
import { races } from './transfer/races.ts';
import { deployment } from './transfer/scene.ts';
import { stops } from './transfer/stops.ts';
import { subjectTokens } from './transfer/subject-token.ts';
import { together } from './transfer/together.ts';
import { whatIsAsked } from './transfer/what-is-asked.ts';
import { whoAsks } from './transfer/who-asks.ts';

beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());

minting();
subjectTokens();
whatIsAsked();
whoAsks();
stops();
races();
together();

it('leaves no token without its row, and no row open', async () => {
  expect(await deployment.audit()).toEqual(ALL_WELL);
});
