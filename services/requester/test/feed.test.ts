import { entries } from './feed/entries.ts';
import { streaming } from './feed/streaming.ts';
import { failures } from './feed/failures.ts';
import { scene } from './feed/scene.ts';

scene();
entries();
failures();
streaming();
