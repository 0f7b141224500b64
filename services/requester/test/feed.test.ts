import { entries } from './feed/entries.ts';
import { streaming } from './feed/streaming.ts';
import { trouble } from './feed/trouble.ts';
import { scene } from './feed/scene.ts';

scene();
entries();
trouble();
streaming();
