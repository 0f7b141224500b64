import { rmSync } from 'node:fs';
import { afterAll } from '@jest/globals';
import { chain } from './checkpoints/chain.ts';
import { makingCheckpoints } from './checkpoints/making.ts';
import { deployment, files } from './checkpoints/scene.ts';
import { verifying } from './checkpoints/verifying.ts';

afterAll(async () => {
  rmSync(files, { recursive: true });
  await deployment.close();
});

chain();
verifying();
makingCheckpoints();
