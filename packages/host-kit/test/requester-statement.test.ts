import { claims } from './requester-statement/claims.ts';
import { demanded } from './requester-statement/demanded.ts';
import { managers } from './requester-statement/managers.ts';
import { scene } from './requester-statement/scene.ts';

scene();
demanded();
managers();
claims();
