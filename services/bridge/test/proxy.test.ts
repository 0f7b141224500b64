import { afterAll } from '@jest/globals';
import { answersThatLeave } from './proxy/answers.ts';
import { requestsThatReachTheService } from './proxy/requests.ts';
import { world } from './proxy/scene.ts';
import { callsUnderWay } from './proxy/under-way.ts';

afterAll(() => world.close());

requestsThatReachTheService();
answersThatLeave();
callsUnderWay();
