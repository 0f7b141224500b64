import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Embedded, startEmbedded } from '@chatelaine/dev-postgres';
import { answers } from './answers.ts';
import { clientAssertions } from './assertions.ts';
import { authorizationRequests } from './authorize.ts';
import { clientAuthentication } from './client-authentication.ts';
import { clientDocuments } from './client-documents.ts';
import { codeGrant } from './code-grant.ts';
import { codeTheft } from './code-theft.ts';
import { consent } from './consent.ts';
import { dpop } from './dpop.ts';
import { crossOrigin } from './cors.ts';
import { databaseFaults } from './faults.ts';
import { fuzz } from './fuzz.ts';
import { keptMetadata } from './kept-metadata.ts';
import { limits } from './limits.ts';
import { metadata } from './metadata.ts';
import { openApi } from './openapi.ts';
import { presses } from './press.ts';
import { redirectUris } from './redirect-uris.ts';
import { refreshGrant } from './refresh.ts';
import { registration } from './registration.ts';
import { registrationManagement } from './registration-management.ts';
import { revocationAndIntrospection } from './revocation.ts';
import { type Rig, startRig } from './rig.ts';

// one database server and one file: starting them takes longer than most of what they are asked
let server: Embedded;
beforeAll(async () => {
  server = await startEmbedded();
});
afterAll(() => server.stop());

describe('an AM and a Host, two replicas each, on one database', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig(server);
  });
  afterAll(() => rig.stop());
  const rigOf = (): Rig => rig;

  authorizationRequests(rigOf);
  redirectUris(rigOf);
  consent(rigOf);
  presses(rigOf);
  codeGrant(rigOf);
  codeTheft(rigOf);
  refreshGrant(rigOf);
  dpop(rigOf);
  clientAssertions(rigOf);
  clientAuthentication(rigOf);
  clientDocuments(rigOf, () => server);
  registration(rigOf);
  keptMetadata(rigOf);
  registrationManagement(rigOf);
  revocationAndIntrospection(rigOf);
  answers(rigOf);
  crossOrigin(rigOf);
  metadata(rigOf);
  openApi(rigOf);
  fuzz(rigOf);
  databaseFaults(rigOf, () => server);
});

limits(() => server);
