import { generateSigningKey } from '@chatelaine/crypto';
import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { type ClientIdentity, exchange, type HopContext, refresh, requestTransfer } from '../../src/index.ts';
import { goodMetadata, NEVER_LATE, startServer, type TestServer } from '../support/server.ts';

export const key = generateSigningKey('EdDSA');
export const dpopKey = generateSigningKey('EdDSA');

export const client: ClientIdentity = {
  clientId: 'https://r.example/client',
  authentication: { kind: 'private_key_jwt', key },
};

export let server: TestServer;
export let metadata: ServerMetadata;

export const refreshed = () =>
  refresh(server.deps, { server: metadata, client, relationship: 'connection', refreshToken: 'cha_rt_1', dpopKey });

export const exchanged = (more: { actorToken?: string; params?: Record<string, string> } = {}) =>
  exchange(server.deps, {
    server: metadata,
    client,
    subjectToken: 'cha_ct_1',
    resource: 'https://photos.example/api',
    scope: 'entries.read',
    dpopKey,
    ...more,
  });

/** Hop 2, which sends no DPoP header. */
export const requested = (hop: HopContext = { deadline: Infinity, signal: undefined, sent: false }, at = metadata) =>
  requestTransfer(
    server.deps,
    {
      server: at,
      client,
      subjectToken: 'cha_lt_1',
      resource: 'https://photos.example/api',
      scope: 'entries.read',
      actorToken: 'a.b.c',
    },
    hop,
  );

export function scene(): void {
  beforeAll(async () => {
    server = await startServer('am');
    metadata = serverMetadataSchema.parse(goodMetadata(server.issuer));
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.handlers = {};
    server.callSeconds = NEVER_LATE;
    server.received.length = 0;
  });
}
