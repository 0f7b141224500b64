import { documents } from './fetch-json/documents.ts';
import { sizeAndTime } from './fetch-json/size-and-time.ts';
import { scene } from './fetch-json/scene.ts';

scene();
documents();
sizeAndTime();
