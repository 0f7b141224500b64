import { afterAll } from '@jest/globals';
import { pausedApps } from './pause/paused.ts';
import { pausesDuringTransfers } from './pause/pausing.ts';
import { deployment } from './pause/scene.ts';

afterAll(() => deployment.close());
pausedApps();
pausesDuringTransfers();
