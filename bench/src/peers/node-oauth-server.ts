// @node-oauth/oauth2-server behind Fastify: code and refresh (no rotation, as ours). It has no introspection endpoint
// and no pushed requests.

import OAuth2Server from '@node-oauth/oauth2-server';
import { serve } from '../child.ts';
import { REDIRECT_URI, SCOPE } from '../code.ts';
import {
  type CodeRow,
  isClient,
  makeCodes,
  makeRefreshTokens,
  openServer,
  query,
  randomToken,
  register,
  type TokenRow,
} from './library.ts';

const save = query('save', 'insert into token values ($1, $2, $3, $4, $5, $6, $7)');
const findByRefresh = query<TokenRow>('refresh', 'select * from token where refresh_token = $1');
const findByAccess = query<TokenRow>('access', 'select * from token where access_token = $1');
const findCode = query<CodeRow>('code', 'select * from code where code = $1');
const takeCode = query('take', 'delete from code where code = $1 returning code');
const takeRefresh = query(
  'take_refresh',
  'update token set refresh_token = null where refresh_token = $1 returning access_token',
);

const HOUR = 3600;
const clientOf = (id: string): OAuth2Server.Client => ({
  id,
  grants: ['authorization_code', 'refresh_token'],
  redirectUris: [REDIRECT_URI],
});

function tokenOf(row: TokenRow | undefined): OAuth2Server.Token & OAuth2Server.RefreshToken {
  if (row === undefined) return undefined as never;
  return {
    accessToken: row.access_token,
    accessTokenExpiresAt: row.access_expires,
    refreshToken: row.refresh_token ?? '',
    ...(row.refresh_expires && { refreshTokenExpiresAt: row.refresh_expires }),
    scope: row.scope,
    client: clientOf(row.client_id),
    user: { id: row.user_id },
  };
}

const model: OAuth2Server.AuthorizationCodeModel & OAuth2Server.RefreshTokenModel = {
  getClient: async (id, assertion) => ((await isClient(id, assertion)) ? clientOf(id) : false),
  validateScope: async (_user, _client, scope) => scope ?? [SCOPE],
  generateAccessToken: async () => randomToken(),
  generateRefreshToken: async () => randomToken(),
  async saveToken(token, client, user) {
    const { accessToken, accessTokenExpiresAt, refreshToken = null, refreshTokenExpiresAt = null, scope } = token;
    await save(accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt, client.id, user['id'], scope);
    return { ...token, client, user };
  },
  getAccessToken: async (token) => tokenOf(await findByAccess(token)),
  getRefreshToken: async (token) => tokenOf(await findByRefresh(token)),
  revokeToken: async ({ refreshToken }) => (await takeRefresh(refreshToken)) !== undefined,
  async getAuthorizationCode(code) {
    const row = await findCode(code);
    if (row === undefined) return undefined;
    return {
      authorizationCode: row.code,
      expiresAt: row.expires,
      redirectUri: row.redirect_uri,
      scope: row.scope,
      client: clientOf(row.client_id),
      user: { id: row.user_id },
      codeChallenge: row.challenge,
      codeChallengeMethod: 'S256',
    };
  },
  saveAuthorizationCode: async () => false,
  revokeAuthorizationCode: async ({ authorizationCode }) => (await takeCode(authorizationCode)) !== undefined,
};
const oauth = new OAuth2Server({
  model,
  accessTokenLifetime: HOUR,
  refreshTokenLifetime: 90 * 24 * HOUR,
  alwaysIssueNewRefreshToken: false,
});

const app = openServer();
app.post('/token', async ({ headers, body }, reply) => {
  const request = new OAuth2Server.Request({
    headers: headers as Record<string, string>,
    method: 'POST',
    query: {},
    body,
  });
  const response = new OAuth2Server.Response();
  try {
    await oauth.token(request, response);
  } catch (error) {
    reply.code((error as { code?: number }).code ?? 500);
    return { error: String(error) };
  }
  reply.headers(response.headers ?? {});
  return response.body as object;
});
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
serve({ register, codes: makeCodes, refreshTokens: makeRefreshTokens });
