import { afterAll, beforeEach } from '@jest/globals';
import { begun } from './stop/begun.ts';
import { completions } from './stop/completions.ts';
import { late } from './stop/late.ts';
import { deleted } from './stop/deleted.ts';
import { hooks, deployment } from './stop/scene.ts';
import { notified } from './stop/revocation-status.ts';

beforeEach(() => {
  hooks.at = async () => undefined;
  hooks.now = null;
  deployment.host.reset();
});
afterAll(() => deployment.close());

late();
notified();
begun();
completions();
deleted();
