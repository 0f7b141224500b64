import { afterAll, beforeEach } from '@jest/globals';
import { grantsThatAreNotGood } from './combined-registration/grants.ts';
import { eachAnswer } from './combined-registration/answers.ts';
import { encryptionKeys } from './combined-registration/keys.ts';
import { lateHosts } from './combined-registration/late.ts';
import { refusedBeforeAnyPage } from './combined-registration/refused.ts';
import { deployment, lifestream } from './combined-registration/scene.ts';
import { whatWasShown } from './combined-registration/shown.ts';

// a Requester that is also a Host is connected and linked in one step: PROTOCOL §2.3

beforeEach(async () => {
  deployment.host.reset();
  deployment.host.redemptions.length = 0;
  deployment.host.script.metadata = (metadata) => ({ ...metadata, chatelaine_requester: lifestream.clientId });
});
afterAll(() => deployment.close());

eachAnswer();
refusedBeforeAnyPage();
whatWasShown();
grantsThatAreNotGood();
lateHosts();
encryptionKeys();
