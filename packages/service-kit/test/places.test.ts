import { atOnce } from './places/at-once.ts';
import { givenBack } from './places/given-back.ts';
import { waiting } from './places/waiting.ts';
import { scene } from './places/scene.ts';

scene();
atOnce();
waiting();
givenBack();
