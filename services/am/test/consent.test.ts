import { afterAll, beforeEach } from '@jest/globals';
import { whatWasShown } from './consent/changed.ts';
import { whatIsChosen } from './consent/choices.ts';
import { howMuchFits } from './consent/limits.ts';
import { onlyOnce } from './consent/once.ts';
import { whatIsShown } from './consent/pages.ts';
import { begin, deployment } from './consent/scene.ts';

beforeEach(begin);
afterAll(() => deployment.close());

whatIsChosen();
whatIsShown();
whatWasShown();
howMuchFits();
onlyOnce();
