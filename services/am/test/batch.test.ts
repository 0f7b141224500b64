import { afterAll, beforeEach, expect } from '@jest/globals';
import { disconnects } from './batch/disconnects.ts';
import { items } from './batch/items.ts';
import { streamedAnswers } from './batch/lines.ts';
import { deployment } from './batch/scene.ts';
import { stopsDuringCalls } from './batch/stops.ts';
import { deadlines } from './batch/deadlines.ts';
import { CLEAN_AUDIT } from './support/deployment.ts';

beforeEach(() => {
  deployment.host.reset();
  deployment.second.reset();
});
afterAll(async () => {
  const audit = await deployment.audit();
  await deployment.close();
  expect(audit).toEqual(CLEAN_AUDIT);
});

items();
streamedAnswers();
stopsDuringCalls();
disconnects();
deadlines();
