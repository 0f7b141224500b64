// The whole chain on oidc-provider, at both ends, with the library's own client authentication, models, adapter and
// DPoP, and a custom grant for token exchange. SIGNED=yes signs what ours signs, as the library's author does it, with
// jose: private_key_jwt at both hops, DPoP at the first, a statement at the second; each jti is remembered, the intent
// is committed before the Host is called, and the completion before the answer. SIGNED=no uses no cryptography:
// secrets, no proof, no statement, no binding, and one audit row after the Host has answered. Neither has an owner's
// rules, limits, or a check whether something was stopped meanwhile.

import { createHash, randomUUID } from 'node:crypto';
import type { SigningKey } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import { importJWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { type ClientMetadata, errors, Provider } from 'oidc-provider';
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js';
import pg from 'pg';
import { Pool } from 'undici';
import { serve } from '../child.ts';
import { POOL_SIZE } from '../code.ts';
import { createAdapter } from '../oidc-adapter.ts';

const { ROLE, SIGNED, DATABASE_URL = '', PORT = '', HOST_PORT = '', AM_KEY = '{}', CLIENT = '{}' } = process.env;
const { LINK = '', JKT } = process.env;
const isAm = ROLE === 'am';
const signed = SIGNED === 'yes';
const issuer = `http://127.0.0.1:${PORT}`;
const hostIssuer = `http://127.0.0.1:${HOST_PORT}`;
const amKey = JSON.parse(AM_KEY) as SigningKey;
const metadata = JSON.parse(CLIENT) as ClientMetadata;
const SCOPE = 'entries.read';
const AM_ID = 'the-am';
const LIFETIME = '60s';
const DAY = 86_400;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
await pool.query(`create table if not exists audit (
  id uuid primary key, at timestamptz not null default now(), client_id text, resource text, scope text, state text,
    closed_at timestamptz)`);
const adapter = (model: string): ReturnType<typeof createAdapter> => createAdapter(pool, { model, kind: 'example' });
await adapter('Client').upsert(metadata.client_id, { ...metadata });
const privateKey = await importJWK(amKey.privateJwk, 'ES256');
const publicKey = await importJWK(amKey.publicJwk, 'ES256');
const hosts = new Pool(hostIssuer, { connections: 64, pipelining: 1 });

const method = signed ? 'private_key_jwt' : 'client_secret_post';
const provider = new Provider(issuer, {
  adapter,
  scopes: [SCOPE],
  responseTypes: ['code'],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clientAuthMethods: [method],
  ...(signed && { enabledJWA: { clientAuthSigningAlgValues: ['ES256'], dPoPSigningAlgValues: ['ES256'] } }),
  findAccount: async (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
  features: { devInteractions: { enabled: false }, userinfo: { enabled: false }, dPoP: { enabled: signed } },
  ttl: { AccessToken: DAY, Grant: DAY },
  cookies: { keys: [randomUUID()] },
  jwks: { keys: [amKey.privateJwk] },
});
const PARAMETERS = ['subject_token', 'subject_token_type', 'resource', 'scope', 'actor_token', 'actor_token_type'];
provider.registerGrantType(GRANT.tokenExchange, isAm ? passOn : mint, PARAMETERS);
// one such line shows that a round is invalid
provider.once('server_error', (_ctx, error) => console.error(error));
provider.once('grant.error', (_ctx, error) => console.error(error.message, error.error_description));

/** The context of a custom grant. */
type Context = Parameters<Parameters<Provider['registerGrantType']>[1]>[0];
type Form = Readonly<Record<string, string>>;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

async function passOn(ctx: Context): Promise<void> {
  const { client } = ctx.oidc;
  const { subject_token: subject = '', resource = '', scope = '' } = ctx.oidc.params as Form;
  const jkt = signed ? await proven(ctx, subject) : null;
  const id = randomUUID();
  if (signed)
    await audit(`insert into audit (id, client_id, resource, scope, state) values ($1, $2, $3, $4, 'intent')`, [
      id,
      client.clientId,
      resource,
      scope,
    ]);
  const body = new URLSearchParams({
    grant_type: GRANT.tokenExchange,
    subject_token: LINK,
    subject_token_type: TOKEN_TYPE.accessToken,
    resource,
    scope,
    ...(jkt === null
      ? { client_id: AM_ID, client_secret: String(metadata.client_secret) }
      : await signatures(client.clientId, { jkt, resource, scope })),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await hosts.request({ path: '/token', method: 'POST', headers, body: body.toString() });
  const json = (await answer.body.json()) as Form;
  if (answer.statusCode !== 200) throw new Error(`The Host answered ${JSON.stringify(json)}.`);
  if (signed)
    await audit(`update audit set state = 'minted', closed_at = now() where id = $1 and state = 'intent'`, [id]);
  else
    await audit(`insert into audit (id, client_id, resource, scope, state) values ($1, $2, $3, $4, 'minted')`, [
      id,
      client.clientId,
      resource,
      scope,
    ]);
  const { access_token, token_type, expires_in } = json;
  ctx.body = { access_token, issued_token_type: TOKEN_TYPE.accessToken, token_type, expires_in, scope };
}

const audit = (text: string, values: unknown[]): Promise<unknown> =>
  pool.query({ name: text.slice(0, 20), text, values });

/** The thumbprint of the key to which the connection's token is bound, from a proof that has not been used before. */
async function proven(ctx: Context, token: string): Promise<string> {
  const { client } = ctx.oidc;
  const proof = await validateDpop(provider, ctx);
  const subject = await provider.AccessToken.find(token);
  if (subject?.clientId !== client.clientId || proof === undefined || subject.jkt !== proof.thumbprint)
    throw new errors.InvalidRequest('subject_token');
  await checkDpopReplay(provider, ctx, proof, client.clientId);
  return proof.thumbprint;
}

async function signatures(clientId: string, about: { jkt: string; resource: string; scope: string }): Promise<Form> {
  const { jkt, resource, scope } = about;
  return {
    actor_token: await signedJwt(JWT_TYP.transferStatement, clientId, {
      ath: sha256(LINK),
      resource,
      scope,
      cnf: { jkt },
    }),
    actor_token_type: TOKEN_TYPE.jwt,
    client_assertion_type: CLIENT_ASSERTION_TYPE,
    client_assertion: await signedJwt(JWT_TYP.clientAssertion, AM_ID, {}),
  };
}

const signedJwt = (typ: string, subject: string, claims: JWTPayload): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ, kid: amKey.kid })
    .setIssuer(AM_ID)
    .setSubject(subject)
    .setAudience(hostIssuer)
    .setIssuedAt()
    .setExpirationTime(LIFETIME)
    .setJti(randomUUID())
    .sign(privateKey);

async function mint(ctx: Context): Promise<void> {
  const { client } = ctx.oidc;
  const { subject_token: token = '', resource, scope = '', actor_token: actor = '' } = ctx.oidc.params as Form;
  const subject = await provider.AccessToken.find(token);
  if (subject?.clientId !== client.clientId) throw new errors.InvalidRequest('subject_token');
  const minted = new provider.AccessToken({
    client,
    accountId: subject.accountId,
    grantId: String(subject.grantId),
    gty: GRANT.tokenExchange,
    scope,
  });
  if (signed) {
    const { payload: claims } = await jwtVerify(actor, publicKey, {
      algorithms: ['ES256'],
      issuer: AM_ID,
      audience: issuer,
      typ: JWT_TYP.transferStatement,
      maxTokenAge: LIFETIME,
    });
    const { jti = '', exp = 0 } = claims;
    if (claims['ath'] !== sha256(token) || claims['scope'] !== scope || claims['resource'] !== resource)
      throw new errors.InvalidRequest('statement');
    if (!(await provider.ReplayDetection.unique(client.clientId, jti, exp)))
      throw new errors.InvalidRequest('replayed');
    minted.jkt = (claims['cnf'] as { jkt: string }).jkt;
  }
  const value = await minted.save();
  ctx.body = {
    access_token: value,
    issued_token_type: TOKEN_TYPE.accessToken,
    token_type: signed ? 'DPoP' : 'Bearer',
    expires_in: 300,
    scope,
  };
}

provider.listen(Number(PORT), '127.0.0.1', () =>
  serve({
    /** A token for the client: the link's at the Host, a connection's at the AM. */
    async token() {
      const client = await provider.Client.find(metadata.client_id);
      if (client === undefined) throw new Error('no such client');
      const grant = new provider.Grant({ accountId: 'u1', clientId: client.clientId });
      grant.addOIDCScope(SCOPE);
      const token = new provider.AccessToken({
        client,
        accountId: 'u1',
        grantId: await grant.save(),
        gty: GRANT.tokenExchange,
        scope: SCOPE,
      });
      if (isAm && signed && JKT !== undefined) token.jkt = JKT;
      return token.save();
    },
  }),
);
