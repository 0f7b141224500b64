import { atOnce } from './request-limit/at-once.ts';
import { givenBack } from './request-limit/given-back.ts';
import { waiting } from './request-limit/waiting.ts';
import { scene } from './request-limit/scene.ts';

scene();
atOnce();
waiting();
givenBack();
