import { atOnce } from './request-limit/at-once.ts';
import { releasedSlots } from './request-limit/released.ts';
import { waiting } from './request-limit/waiting.ts';
import { scene } from './request-limit/scene.ts';

scene();
atOnce();
waiting();
releasedSlots();
