import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { standingAnswers } from './questions/standing-answers.ts';
import { answers } from './questions/answers.ts';
import { approvals } from './questions/approvals.ts';
import { deferralCodes } from './questions/deferral-codes.ts';
import { deferrals } from './questions/deferrals.ts';
import { deployment } from './questions/deployment.ts';
import { partialApprovals } from './questions/partial-approvals.ts';
import { questions } from './questions/questions.ts';
import { CLEAN_AUDIT } from './support/deployment.ts';

beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());

questions();
answers();
partialApprovals();
standingAnswers();
approvals();
deferrals();
deferralCodes();

it('leaves no token without its row, and no row open', async () => {
  expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
});
