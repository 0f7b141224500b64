import { afterAll } from '@jest/globals';
import { approvals } from './rule-limits/approvals.ts';
import { forms } from './rule-limits/forms.ts';
import { limits } from './rule-limits/limits.ts';
import { reasons } from './rule-limits/reasons.ts';
import { deployment } from './rule-limits/scene.ts';
import { times } from './rule-limits/times.ts';

afterAll(() => deployment.close());
limits();
times();
forms();
approvals();
reasons();
