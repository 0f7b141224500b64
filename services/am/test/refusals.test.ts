import { afterAll, beforeEach } from '@jest/globals';
import { explanations } from './refusals/explained.ts';
import { deployment } from './refusals/scene.ts';
import { withheldExplanations } from './refusals/withheld.ts';

beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());
explanations();
withheldExplanations();
