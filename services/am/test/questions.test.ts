import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { afterwards } from './questions/afterwards.ts';
import { answers } from './questions/answers.ts';
import { approvals } from './questions/approvals.ts';
import { deferralCodes } from './questions/deferral-codes.ts';
import { deferrals } from './questions/deferrals.ts';
import { deployment } from './questions/deployment.ts';
import { fewer } from './questions/fewer.ts';
import { questions } from './questions/questions.ts';
import { ALL_WELL } from './support/deployment.ts';

beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());

questions();
answers();
fewer();
afterwards();
approvals();
deferrals();
deferralCodes();

it('leaves no token without its row, and no row open', async () => {
  expect(await deployment.audit()).toEqual(ALL_WELL);
});
