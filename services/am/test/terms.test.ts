import { rm } from 'node:fs/promises';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { CLEAN_AUDIT } from './support/deployment.ts';
import { agreements } from './terms/agreements.ts';
import { consent } from './terms/consent.ts';
import { documents } from './terms/documents.ts';
import { owners } from './terms/owners.ts';
import { records } from './terms/records.ts';
import { directory, deployment } from './terms/scene.ts';
import { stockSigner } from './terms/stock-signer.ts';
import { transfers } from './terms/transfers.ts';

beforeEach(() => deployment.host.reset());
afterAll(async () => {
  await deployment.close();
  await rm(directory, { recursive: true });
});

transfers();
agreements();
consent();
owners();
documents();
stockSigner();
records();

it('leaves no token without its row, and no row open', async () => {
  expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
});
