import { afterAll } from '@jest/globals';
import { paused } from './pause/paused.ts';
import { pausing } from './pause/pausing.ts';
import { deployment } from './pause/scene.ts';

afterAll(() => deployment.close());
paused();
pausing();
