import { startAndStop } from './server/start-and-stop.ts';
import { headersAndLog } from './server/headers-and-log.ts';
import { refusals } from './server/refusals.ts';
import { scene } from './server/scene.ts';

scene();
refusals();
headersAndLog();
startAndStop();
