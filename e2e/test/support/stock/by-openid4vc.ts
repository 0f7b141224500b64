import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  type AuthorizationServerMetadata,
  type CallbackContext,
  clientAuthenticationNone,
  Oauth2Client,
  type RequestDpopOptions,
  setGlobalConfig,
} from '@openid4vc/oauth2';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { ACCESS_TOKEN, type StockRequester, type StockWorld, TOKEN_EXCHANGE, type Tokens } from './requester.ts';

/**
 * A Requester by @openid4vc/oauth2, the OAuth library of a wallet, which shares no code with oauth4webapi. It
 * implements the protocol, and its user supplies hashing, randomness and a JWT signer. It has two gaps:
 *
 * - It has no call for token exchange. That step is its client credentials request with another `grant_type` in the
 *   payload, which its user may replace: the form, the proof and the check of the response remain the library's.
 * - It cannot register (RFC 7591), so its client is known by a document.
 */
export async function byOpenid4vc(world: StockWorld, clientId: string): Promise<StockRequester> {
  setGlobalConfig({ allowInsecureUrls: true });
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const publicJwk = { ...(await exportJWK(publicKey)), kty: 'EC' };
  const callbacks = callbacksWith(world, clientId, privateKey);
  const library = new Oauth2Client({ callbacks });
  const authorizationServerMetadata = await metadata(library, world.am);
  const dpop: RequestDpopOptions = { signer: { method: 'jwk', alg: 'ES256', publicJwk } };
  const common = { authorizationServerMetadata, dpop };
  const state = randomUUID();
  let pkceCodeVerifier = '';
  let connection: Tokens = { access_token: '' };
  return {
    metadata: authorizationServerMetadata,
    async start() {
      const request = { clientId, redirectUri: world.redirectUri, scope: 'transfer', state };
      const { authorizationRequestUrl, pkce } = await library.initiateAuthorization({ ...common, ...request });
      pkceCodeVerifier = pkce?.codeVerifier ?? '';
      return authorizationRequestUrl;
    },
    async finish(callback) {
      const authorizationResponse = library.parseAuthorizationResponseRedirectUrl({ url: callback.href });
      library.verifyAuthorizationResponse({ authorizationServerMetadata, authorizationResponse });
      if (authorizationResponse.state !== state) throw new Error('another state');
      const { code: authorizationCode = '' } = authorizationResponse;
      const redemption = { authorizationCode, pkceCodeVerifier, redirectUri: world.redirectUri };
      const answer = await library.retrieveAuthorizationCodeAccessToken({ ...common, ...redemption });
      return (connection = answer.accessTokenResponse);
    },
    async exchange({ resource, scope }) {
      const subject = { subject_token: connection.access_token, subject_token_type: ACCESS_TOKEN };
      const additionalRequestPayload = { grant_type: TOKEN_EXCHANGE, ...subject };
      const request = { ...common, resource, scope, additionalRequestPayload };
      return (await library.retrieveClientCredentialsAccessToken(request)).accessTokenResponse;
    },
    async call(accessToken, url) {
      const request = { callbacks, dpop, accessToken, url, requestOptions: { method: 'GET' } };
      const { response } = await library.resourceRequest(request);
      return { status: response.status, json: await response.json() };
    },
    async refresh() {
      const refreshToken = String(connection['refresh_token']);
      const answer = await library.retrieveRefreshTokenAccessToken({ ...common, refreshToken });
      return (connection = { ...connection, ...answer.accessTokenResponse });
    },
  };
}

type Callbacks = Omit<CallbackContext, 'verifyJwt' | 'decryptJwe' | 'encryptJwe'>;

function callbacksWith(world: StockWorld, clientId: string, privateKey: CryptoKey): Callbacks {
  return {
    fetch: world.fetch,
    hash: (data) => createHash('sha256').update(data).digest(),
    generateRandom: (bytes) => randomBytes(bytes),
    async signJwt(signer, { header, payload }) {
      if (signer.method !== 'jwk') throw new Error('no such key');
      const jwt = await new SignJWT({ ...payload } as JWTPayload)
        .setProtectedHeader({ ...header } as JWTHeaderParameters)
        .sign(privateKey);
      return { jwt, signerJwk: signer.publicJwk };
    },
    clientAuthentication: clientAuthenticationNone({ clientId }),
  };
}

async function metadata(library: Oauth2Client, am: string): Promise<AuthorizationServerMetadata> {
  const found = await library.fetchAuthorizationServerMetadata(am);
  if (found === null) throw new Error('nothing found');
  return found;
}
