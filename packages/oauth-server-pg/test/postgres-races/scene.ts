import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { bucketOf } from '@chatelaine/crypto';
import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import type { OAuthStorage, TokenKey } from '@chatelaine/oauth-server';
import { type PgHarness, startHarness } from '../harness.ts';

// The contract's races overlap by chance; these are made to overlap, by a transaction that is held open.

let server: Embedded;
export let harness: PgHarness;
export let storage: OAuthStorage;

export interface Link {
  readonly grantId: string;
  readonly code: TokenKey;
  readonly linkToken: TokenKey;
  readonly refreshToken: TokenKey;
}

export const CLIENT = 'https://am.example/clients/x';
export const BUCKET = bucketOf('s');
export const hash = () => randomBytes(32);
export const key = (): TokenKey => ({ bucket: BUCKET, hash: hash() });

export const REQUEST = {
  redirectUri: 'https://am.example/callback/x',
  scope: ['transfer'],
  transferScope: ['photos.read'],
  state: null,
  codeChallenge: 'x',
  jkt: null,
  prompt: null,
  extensions: {},
  answeredBy: null,
  isAuthenticated: false,
};

export async function issue(): Promise<Link> {
  const request = { hash: hash(), clientId: CLIENT, browserHash: hash() };
  const link = { grantId: randomBytes(8).toString('hex'), code: key(), linkToken: key(), refreshToken: key() };
  await storage.saveRequest({ ...request, request: REQUEST, lifetimeSeconds: 90, atOnce: 1_000, guards: [] });
  await storage.claimRequest({ ...request, lifetimeSeconds: 90 });
  const grant = { id: link.grantId, subject: 's', bucket: BUCKET, scope: ['transfer'], transferScope: ['photos.read'] };
  await storage.issueCode({
    ...request,
    requestHash: request.hash,
    codeHash: link.code.hash,
    codeLifetimeSeconds: 60,
    answer: { press: hash(), encrypted: hash() },
    grant: { ...grant, expiresAt: null },
  });
  return link;
}

export const redeem = (through: OAuthStorage, link: Link) =>
  through.redeemCode({
    code: link.code,
    clientId: CLIENT,
    isAuthenticated: false,
    jkt: null,
    tokens: [
      { hash: link.linkToken.hash, kind: 'lt', lifetimeSeconds: 3600 },
      { hash: link.refreshToken.hash, kind: 'rt', lifetimeSeconds: 7200 },
    ],
    guards: [],
  });

export async function relate(): Promise<Link> {
  const link = await issue();
  await redeem(storage, link);
  return link;
}

export function scene(): void {
  beforeAll(async () => {
    server = await sharedEmbedded();
    harness = await startHarness(server);
    storage = harness.replicas[0];
  });
  afterAll(async () => {
    await harness.stop();
    await server.stop();
  });
}
