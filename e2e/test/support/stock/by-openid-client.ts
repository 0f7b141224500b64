import * as client from 'openid-client';
import {
  ACCESS_TOKEN,
  type Identity,
  metadataOf,
  type StockRequester,
  type StockWorld,
  TOKEN_EXCHANGE,
} from './requester.ts';

/**
 * A Requester by openid-client, which is built on oauth4webapi but has its own logic for discovery, registration and
 * pushed requests.
 */
export async function byOpenidClient(world: StockWorld, identity: Identity): Promise<StockRequester> {
  const { redirectUri } = world;
  const config = await discovered(world, identity);
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  let connection: client.TokenEndpointResponse;
  return {
    metadata: { ...config.serverMetadata() },
    async start() {
      const params = {
        redirect_uri: redirectUri,
        scope: 'transfer',
        state,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      };
      // the key is conveyed by a proof on the pushed request (RFC 9449 §10.1), not by dpop_jkt
      return (await client.buildAuthorizationUrlWithPAR(config, params, { DPoP })).href;
    },
    async finish(callback) {
      const checks = { pkceCodeVerifier: verifier, expectedState: state };
      connection = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });
      return { ...connection };
    },
    async exchange(wanted) {
      const params = { ...wanted, subject_token: connection.access_token, subject_token_type: ACCESS_TOKEN };
      return { ...(await client.genericGrantRequest(config, TOKEN_EXCHANGE, params, { DPoP })) };
    },
    async call(token, url) {
      const answer = await client.fetchProtectedResource(config, token, new URL(url), 'GET', null, undefined, { DPoP });
      return { status: answer.status, json: await answer.json() };
    },
    async refresh() {
      const fresh = await client.refreshTokenGrant(config, connection.refresh_token ?? '', undefined, { DPoP });
      connection = { ...connection, ...fresh };
      return { ...connection };
    },
  };
}

async function discovered(world: StockWorld, identity: Identity): Promise<client.Configuration> {
  const server = new URL(world.am);
  const options = {
    algorithm: 'oauth2' as const,
    [client.customFetch]: (url: string, given: object) => world.fetch(url, given),
    execute: [client.allowInsecureRequests],
  };
  const auth = identity.keys === null ? client.None() : client.PrivateKeyJwt(identity.keys.privateKey);
  if (identity.kind === 'document') return client.discovery(server, identity.clientId, undefined, auth, options);
  const metadata = await metadataOf(world.redirectUri, identity.keys);
  return client.dynamicClientRegistration(server, metadata, auth, options);
}
