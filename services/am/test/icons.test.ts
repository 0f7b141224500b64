import { afterAll, expect } from '@jest/globals';
import { bounded } from './icons/bounded.ts';
import { drawn } from './icons/drawn.ts';
import { refused } from './icons/refused.ts';
import { close, deployment } from './icons/scene.ts';
import { shown } from './icons/shown.ts';
import { CLEAN_AUDIT } from './support/deployment.ts';

afterAll(async () => {
  expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
  await close();
});

shown();
refused();
drawn();
bounded();
