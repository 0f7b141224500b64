import { afterAll } from '@jest/globals';
import { answers } from './proxy/answers.ts';
import { requests } from './proxy/requests.ts';
import { world } from './proxy/scene.ts';
import { concurrentCalls } from './proxy/concurrent.ts';

afterAll(() => world.close());

requests();
answers();
concurrentCalls();
