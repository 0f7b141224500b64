import { afterAll, beforeEach, expect } from '@jest/globals';
import { absentCallers } from './batch/callers.ts';
import { eachItem } from './batch/items.ts';
import { answersAsLines } from './batch/lines.ts';
import { deployment } from './batch/scene.ts';
import { stoppedMeanwhile } from './batch/stopped.ts';
import { timeIsUp } from './batch/time.ts';
import { ALL_WELL } from './support/deployment.ts';

beforeEach(() => {
  deployment.host.reset();
  deployment.second.reset();
});
afterAll(async () => {
  const audit = await deployment.audit();
  await deployment.close();
  expect(audit).toEqual(ALL_WELL);
});

eachItem();
answersAsLines();
stoppedMeanwhile();
absentCallers();
timeIsUp();
