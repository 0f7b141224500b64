import { afterAll, beforeEach } from '@jest/globals';
import { begun } from './stop/begun.ts';
import { completions } from './stop/completions.ts';
import { late } from './stop/late.ts';
import { hooks, house } from './stop/scene.ts';
import { told } from './stop/told.ts';

beforeEach(() => {
  hooks.at = async () => undefined;
  hooks.now = null;
  house.host.reset();
});
afterAll(() => house.close());

late();
told();
begun();
completions();
