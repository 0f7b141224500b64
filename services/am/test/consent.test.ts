import { afterAll, beforeEach } from '@jest/globals';
import { changesSinceShown } from './consent/changed.ts';
import { choices } from './consent/choices.ts';
import { limits } from './consent/limits.ts';
import { repeatedSubmissions } from './consent/repeated.ts';
import { pages } from './consent/pages.ts';
import { begin, deployment } from './consent/scene.ts';

beforeEach(begin);
afterAll(() => deployment.close());

choices();
pages();
changesSinceShown();
limits();
repeatedSubmissions();
