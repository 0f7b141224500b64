import * as client from 'openid-client';
import type { PlainClient, PlainWorld } from './plain.ts';

/**
 * openid-client as an app uses it with any server: registration without keys, code + PKCE + `resource`, and DPoP
 * because it can.
 */
export async function plainOpenidClient(world: PlainWorld): Promise<PlainClient> {
  const options = {
    algorithm: 'oauth2' as const,
    [client.customFetch]: (url: string, given: object) => world.fetch(url, given),
    execute: [client.allowInsecureRequests],
  };
  const metadata = {
    client_name: 'Standing order',
    redirect_uris: [world.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  };
  const config = await client.dynamicClientRegistration(new URL(world.am), metadata, client.None(), options);
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const { resource } = world;
  let tokens: client.TokenEndpointResponse;
  return {
    name: metadata.client_name,
    async start(scope) {
      const code_challenge = await client.calculatePKCECodeChallenge(verifier);
      const params = {
        redirect_uri: world.redirectUri,
        scope,
        state,
        resource,
        code_challenge,
        code_challenge_method: 'S256',
      };
      return client.buildAuthorizationUrl(config, params);
    },
    async finish(callback) {
      const checks = { pkceCodeVerifier: verifier, expectedState: state };
      tokens = await client.authorizationCodeGrant(config, callback, checks, { resource }, { DPoP });
      return { ...tokens };
    },
    async call(url) {
      const answer = await client.fetchProtectedResource(
        config,
        tokens.access_token,
        new URL(url),
        'GET',
        null,
        undefined,
        { DPoP },
      );
      return { status: answer.status, json: await answer.json() };
    },
    async refresh() {
      tokens = {
        ...tokens,
        ...(await client.refreshTokenGrant(config, tokens.refresh_token ?? '', { resource }, { DPoP })),
      };
      return { ...tokens };
    },
  };
}
