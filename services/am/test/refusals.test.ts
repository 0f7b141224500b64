import { afterAll, beforeEach } from '@jest/globals';
import { explained } from './refusals/explained.ts';
import { deployment } from './refusals/scene.ts';
import { unsaid } from './refusals/unsaid.ts';

beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());
explained();
unsaid();
