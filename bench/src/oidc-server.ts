// oidc-provider, configured to do what our authorization server does at these endpoints and no more: no OpenID scope
// (so no ID token is signed), opaque tokens, clients in the database, private_key_jwt, DPoP.

import { challengeOf, createVerifier, generateSigningKey, randomId } from '@chatelaine/crypto';
import { GRANT } from '@chatelaine/protocol';
import pg from 'pg';
import { type ClientMetadata, errors, Provider } from 'oidc-provider';
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js';
import { serve } from './child.ts';
import { CODE_SECONDS, type Code, type CodesInput, POOL_SIZE, REDIRECT_URI, SCOPE } from './code.ts';
import { createAdapter } from './oidc-adapter.ts';

const { DATABASE_URL = '', PORT = '', ISSUER = '', ADAPTER } = process.env;
const HOUR = 3600;
const DAY = 24 * HOUR;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
const kind = ADAPTER === 'strict' ? 'strict' : 'example';
const provider = new Provider(ISSUER, {
  adapter: (model) => createAdapter(pool, { model, kind }),
  scopes: [SCOPE],
  responseTypes: ['code'],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES256'], dPoPSigningAlgValues: ['ES256'] },
  pkce: { required: () => true },
  issueRefreshToken: async () => true,
  // by default it rotates a confidential client's refresh token only in the last 30 % of its lifetime
  rotateRefreshToken: false,
  expiresWithSession: async () => false,
  findAccount: async (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    dPoP: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    pushedAuthorizationRequests: { enabled: true },
  },
  routes: { pushed_authorization_request: '/par', token: '/token', introspection: '/introspect' },
  ttl: { AccessToken: HOUR, AuthorizationCode: CODE_SECONDS, Grant: 90 * DAY, RefreshToken: 90 * DAY },
  cookies: { keys: [randomId('')] },
  jwks: { keys: [generateSigningKey().privateJwk] },
});

/**
 * The least that a token exchange takes: the subject token is valid and the caller's, the proof is fresh and by its
 * key, and a token is inserted.
 */
provider.registerGrantType(
  GRANT.tokenExchange,
  async (ctx) => {
    const { client, params } = ctx.oidc;
    const subject = await provider.AccessToken.find(String(params['subject_token']));
    if (subject === undefined || subject.clientId !== client.clientId) throw new errors.InvalidRequest('subject_token');
    const proof = await validateDpop(provider, ctx);
    if (proof === undefined || proof.thumbprint !== subject.jkt) throw new errors.InvalidRequest('DPoP');
    await checkDpopReplay(provider, ctx, proof, client.clientId);
    const { accountId, grantId } = subject;
    const token = new provider.AccessToken({ client, accountId, grantId, gty: GRANT.tokenExchange, scope: SCOPE });
    token.jkt = proof.thumbprint;
    ctx.body = { access_token: await token.save(), token_type: 'DPoP', expires_in: token.expiration, scope: SCOPE };
  },
  ['subject_token', 'subject_token_type', 'resource', 'scope'],
);

provider.listen(Number(PORT), '127.0.0.1');

async function makeCode({ clientId, jkt }: CodesInput): Promise<Code> {
  const client = await provider.Client.find(clientId);
  if (client === undefined) throw new Error('no such client');
  const accountId = randomId('account_');
  const grant = new provider.Grant({ clientId, accountId });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const verifier = createVerifier();
  const code = new provider.AuthorizationCode({
    client,
    accountId,
    grantId,
    redirectUri: REDIRECT_URI,
    scope: SCOPE,
    codeChallenge: challengeOf(verifier),
    codeChallengeMethod: 'S256',
    gty: GRANT.authorizationCode,
    dpopJkt: jkt,
  });
  return { code: await code.save(), verifier };
}

serve({
  async register(input) {
    const metadata = input as ClientMetadata;
    await createAdapter(pool, { model: 'Client', kind }).upsert(metadata.client_id, { ...metadata });
  },
  codes: async (input) => {
    const wanted = input as CodesInput;
    return Promise.all(Array.from({ length: wanted.count }, () => makeCode(wanted)));
  },
});
