import { callback } from './connect/callback.ts';
import { connecting } from './connect/connecting.ts';
import { kept } from './connect/kept.ts';
import { scene } from './connect/scene.ts';

scene();
connecting();
callback();
kept();
