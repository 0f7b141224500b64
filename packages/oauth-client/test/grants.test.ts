import { answers } from './grants/answers.ts';
import { clients } from './grants/clients.ts';
import { refusals } from './grants/refusals.ts';
import { requests } from './grants/requests.ts';
import { scene } from './grants/scene.ts';

scene();
answers();
refusals();
clients();
requests();
