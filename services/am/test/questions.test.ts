import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { answers } from './questions/answers.ts';
import { approvals } from './questions/approvals.ts';
import { deferralCodes } from './questions/deferral-codes.ts';
import { deferrals } from './questions/deferrals.ts';
import { house } from './questions/house.ts';
import { questions } from './questions/questions.ts';
import { ALL_WELL } from './support/house.ts';

beforeEach(() => house.host.reset());
afterAll(() => house.close());

questions();
answers();
approvals();
deferrals();
deferralCodes();

it('leaves no token without its row, and no row open', async () => {
  expect(await house.audit()).toEqual(ALL_WELL);
});
