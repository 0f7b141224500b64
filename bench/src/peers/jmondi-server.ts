// @jmondi/oauth2-server behind Fastify: code, refresh (it always rotates) and introspection. Its access tokens are JWTs
// with HS256, by design; its codes and refresh tokens are opaque, an option that it has. It has no pushed requests.

import {
  AuthorizationServer,
  DateInterval,
  type OAuthClient,
  type OAuthToken,
  type RequestInterface,
} from '@jmondi/oauth2-server';
import { handleFastifyError, handleFastifyReply, requestFromFastify } from '@jmondi/oauth2-server/fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
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
const addRefresh = query(
  'add_refresh',
  'update token set refresh_token = $2, refresh_expires = $3 where access_token = $1',
);
const findByRefresh = query<TokenRow>('refresh', 'select * from token where refresh_token = $1');
const findByAccess = query<TokenRow>('access', 'select * from token where access_token = $1');
const revoke = query(
  'revoke',
  'update token set access_expires = now(), refresh_expires = now() where access_token = $1',
);
const findCode = query<CodeRow>('code', 'select * from code where code = $1');
const takeCode = query('take', 'delete from code where code = $1');

const scopes = [{ name: SCOPE }];
const clientOf = (id: string): OAuthClient => ({
  id,
  name: 'Measured',
  secret: 'by assertion',
  redirectUris: [REDIRECT_URI],
  scopes,
  allowedGrants: ['authorization_code', 'refresh_token'],
});
const hours = (count: number): Date => new Date(Date.now() + count * 3_600_000);

function tokenOf(row: TokenRow | undefined): OAuthToken {
  if (row === undefined) throw new Error('no such token');
  return {
    accessToken: row.access_token,
    accessTokenExpiresAt: row.access_expires,
    refreshToken: row.refresh_token,
    refreshTokenExpiresAt: row.refresh_expires,
    client: clientOf(row.client_id),
    user: { id: row.user_id },
    scopes,
  };
}

const server = new AuthorizationServer(
  {
    getByIdentifier: async (id) => clientOf(id),
    isClientValid: async (_grant, { id }, assertion = '') => isClient(id, assertion),
  },
  {
    issueToken: async (client, issued, user) => ({
      accessToken: randomToken(),
      accessTokenExpiresAt: hours(1),
      client,
      scopes: issued,
      ...(user && { user }),
    }),
    async persist({ accessToken, accessTokenExpiresAt, client, user, scopes: saved }) {
      await save(
        accessToken,
        accessTokenExpiresAt,
        null,
        null,
        client.id,
        user?.id,
        saved.map(({ name }) => name),
      );
    },
    async issueRefreshToken(token) {
      const [refreshToken, refreshTokenExpiresAt] = [randomToken(), hours(24 * 90)];
      await addRefresh(token.accessToken, refreshToken, refreshTokenExpiresAt);
      return { ...token, refreshToken, refreshTokenExpiresAt };
    },
    revoke: async ({ accessToken }) => void (await revoke(accessToken)),
    isRefreshTokenRevoked: async ({ refreshTokenExpiresAt }) => Number(refreshTokenExpiresAt) <= Date.now(),
    getByRefreshToken: async (token) => tokenOf(await findByRefresh(token)),
    getByAccessToken: async (token) => tokenOf(await findByAccess(token)),
  },
  { getAllByIdentifiers: async (names) => names.map((name) => ({ name })), finalize: async (asked) => asked },
  randomToken(),
  { requiresPKCE: true, useOpaqueAuthorizationCodes: true, useOpaqueRefreshTokens: true, authenticateIntrospect: true },
);
server.enableGrantType(
  {
    grant: 'authorization_code',
    userRepository: { getUserByCredentials: async (id) => ({ id }) },
    authCodeRepository: {
      async getByIdentifier(code) {
        const row = await findCode(code);
        if (row === undefined) throw new Error('no such code');
        return {
          code,
          redirectUri: row.redirect_uri,
          codeChallenge: row.challenge,
          codeChallengeMethod: 'S256' as const,
          expiresAt: row.expires,
          user: { id: row.user_id },
          client: clientOf(row.client_id),
          scopes,
        };
      },
      issueAuthCode: () => {
        throw new Error('codes are made by the bench');
      },
      persist: async () => undefined,
      // used codes are deleted, so no stored code is revoked
      isRevoked: async () => false,
      revoke: async (code) => void (await takeCode(code)),
    },
  },
  new DateInterval('1h'),
);

type Respond = (request: RequestInterface) => ReturnType<AuthorizationServer['introspect']>;
const answering = (respond: Respond) => async (request: FastifyRequest, reply: FastifyReply) => {
  try {
    handleFastifyReply(reply, await respond(requestFromFastify(request)));
  } catch (error) {
    handleFastifyError(error, reply);
  }
  return reply;
};
const app = openServer();
app.post(
  '/token',
  answering((request) => server.respondToAccessTokenRequest(request)),
);
app.post(
  '/introspect',
  answering((request) => server.introspect(request)),
);
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
serve({ register, codes: makeCodes, refreshTokens: makeRefreshTokens });
