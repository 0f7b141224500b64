import { afterAll, beforeAll, describe } from '@jest/globals';
import { fuzz } from './hostile/fuzz.ts';
import { unusableAnswers } from './hostile/unusable-answers.ts';
import { mixedUpTokens } from './hostile/mixed-up-tokens.ts';
import { slowness } from './hostile/slowness.ts';
import { openWorld, type World } from './hostile/world.ts';

// one deployment for all, since starting it takes longer than any of these tests

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const worldOf = (): World => world;
// each is a describe of its own, so that what one sets up is not there for the others
for (const [name, tests] of Object.entries({
  lies: unusableAnswers,
  'mix-ups': mixedUpTokens,
  slowness,
  nonsense: fuzz,
}))
  describe(name, () => {
    tests(worldOf);
  });
