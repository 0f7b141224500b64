import { afterAll, beforeEach } from '@jest/globals';
import { pendingAuthorizations } from './stop/pending.ts';
import { completions } from './stop/completions.ts';
import { delayedAnswers } from './stop/delayed.ts';
import { deletedAccounts } from './stop/deleted-accounts.ts';
import { hooks, deployment } from './stop/scene.ts';
import { revokedAtHostFirst } from './stop/revocation-status.ts';

beforeEach(() => {
  hooks.at = async () => undefined;
  hooks.now = null;
  deployment.host.reset();
});
afterAll(() => deployment.close());

delayedAnswers();
revokedAtHostFirst();
pendingAuthorizations();
completions();
deletedAccounts();
