import { afterAll } from '@jest/globals';
import { exports } from './timeline/export.ts';
import { activityPage } from './timeline/activity-page.ts';
import { refused } from './timeline/refused.ts';
import { deployment } from './timeline/scene.ts';
import { why } from './timeline/why.ts';

afterAll(() => deployment.close());

activityPage();
refused();
why();
exports();
