import { afterAll, beforeEach } from '@jest/globals';
import { unusableGrants } from './combined-registration/grants.ts';
import { ownersAnswers } from './combined-registration/answers.ts';
import { encryptionKeys } from './combined-registration/keys.ts';
import { slowHosts } from './combined-registration/slow-hosts.ts';
import { refusedRequests } from './combined-registration/refused.ts';
import { deployment, lifestream } from './combined-registration/scene.ts';
import { changesSinceShown } from './combined-registration/changed.ts';

// a Requester that is also a Host is connected and linked in one step: PROTOCOL §2.3

beforeEach(async () => {
  deployment.host.reset();
  deployment.host.redemptions.length = 0;
  deployment.host.script.metadata = (metadata) => ({ ...metadata, chatelaine_requester: lifestream.clientId });
});
afterAll(() => deployment.close());

ownersAnswers();
refusedRequests();
changesSinceShown();
unusableGrants();
slowHosts();
encryptionKeys();
