// Our authorization server as the AM configures it, on Postgres, behind Fastify: nothing else of the AM.

import { randomBytes } from 'node:crypto';
import {
  bucketOf,
  challengeOf,
  createVerifier,
  hashToken,
  mintToken,
  randomId,
  sha256,
  systemClock,
} from '@chatelaine/crypto';
import type { ServerDeps } from '@chatelaine/oauth-server';
import { type InteractionPort, oauthRoutes } from '@chatelaine/oauth-server-fastify';
import { createPgStorage, createRateLimits } from '@chatelaine/oauth-server-pg';
import { parseIssuer, type ScopeSet, TRANSFER_SCOPE } from '@chatelaine/protocol';
import fastify from 'fastify';
import pg from 'pg';
import { serve } from './child.ts';
import { CODE_SECONDS, type Code, type CodesInput, POOL_SIZE, REDIRECT_URI } from './code.ts';

const { DATABASE_URL = '', PORT = '', ISSUER = '' } = process.env;
const issuer = parseIssuer(ISSUER, ['http']);
if (issuer === null) throw new Error(`${ISSUER} is no issuer`);

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
const storage = createPgStorage(pool);
const deps: ServerDeps = {
  config: {
    issuer,
    name: 'Measured',
    schemes: ['http'],
    accessTokenKind: 'ct',
    transferScopes: null,
    registration: 'open',
    pushedRequests: 'accepted',
    relationshipTokens: 'bound',
    resources: [],
    grants: [],
  },
  storage,
  fetchDocument: async () => ({ kind: 'failed', reason: 'no documents here' }),
  clock: systemClock,
  emit: () => undefined,
};

const nobody: InteractionPort = {
  owner: async () => null,
  signInUrl: () => '/sign-in',
  renderReturn: async (_view, _request, reply) => reply.send(''),
  offer: async () => ({
    facts: null,
    render: async (_view, _request, reply) => reply.send(''),
    decide: () => ({ kind: 'deny' }),
  }),
  renderProblem: async (problem, _request, reply) => reply.code(problem.status).send(problem.message),
};

const PLENTY = { points: 1_000_000, perSeconds: 60 };
const app = fastify();
await app.register(oauthRoutes, {
  deps,
  interaction: nobody,
  rateLimits: createRateLimits(pool),
  limits: { registration: { name: 'register', ...PLENTY }, refusals: { name: 'refusal', ...PLENTY } },
});
await app.listen({ host: '127.0.0.1', port: Number(PORT) });

const scope: ScopeSet = [TRANSFER_SCOPE];

/**
 * A request, its opening and its consent, through the storage port, as the authorization server's own functions would
 * call it.
 */
async function makeCode({ clientId, jkt }: CodesInput): Promise<Code> {
  const subject = randomId('account_');
  const bucket = bucketOf(subject);
  const [requestHash, browserHash] = [sha256(randomBytes(16).toString('hex')), sha256(subject)];
  const code = mintToken('ac', bucket);
  const verifier = createVerifier();
  const request = {
    redirectUri: REDIRECT_URI,
    scope,
    transferScope: null,
    state: 'state',
    codeChallenge: challengeOf(verifier),
    jkt,
    prompt: null,
    extensions: {},
    answeredBy: null,
    isAuthenticated: true,
  };
  await storage.saveRequest({
    hash: requestHash,
    clientId,
    request,
    lifetimeSeconds: CODE_SECONDS,
    atOnce: 1_000_000,
    guards: [],
  });
  await storage.claimRequest({ hash: requestHash, clientId, browserHash, lifetimeSeconds: CODE_SECONDS });
  const issued = await storage.issueCode({
    requestHash,
    clientId,
    browserHash,
    codeHash: hashToken(code),
    codeLifetimeSeconds: CODE_SECONDS,
    answer: { press: hashToken(`press ${code}`), encrypted: hashToken(`encrypted ${code}`) },
    grant: { id: randomId('con_'), subject, bucket, scope, transferScope: null, expiresAt: null },
  });
  if (issued.kind !== 'issued') throw new Error('no code was issued');
  return { code, verifier };
}

serve({
  codes: async (input) => {
    const wanted = input as CodesInput;
    return Promise.all(Array.from({ length: wanted.count }, () => makeCode(wanted)));
  },
});
