import { afterAll } from '@jest/globals';
import { commands } from './operations/commands.ts';
import { doctor } from './operations/doctor.ts';
import { keyRotation } from './operations/keys.ts';
import { runningProcess } from './operations/running.ts';
import { deployment } from './operations/scene.ts';

afterAll(() => deployment.close());

runningProcess();
keyRotation();
commands();
doctor();
