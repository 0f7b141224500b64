import { generateCodeVerifier, OAuth2Client, OAuth2Fetch, type OAuth2Token } from '@badgateway/oauth2-client';
import type { PlainClient, PlainWorld } from './plain.ts';

/**
 * @badgateway/oauth2-client, which shares no code with the others: it sends a secret in the Authorization header, uses
 * bearer tokens, and has a fetch that refreshes by itself.
 */
export async function plainBadgateway(world: PlainWorld): Promise<PlainClient> {
  const { am, redirectUri, resource, fetch } = world;
  const name = 'Copy shop';
  // it cannot register itself, so the test does what an operator would
  const registered = await fetch(`${am}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: name,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
    }),
  });
  const { client_id: clientId, client_secret: clientSecret } = (await registered.json()) as Record<string, string>;
  const client = new OAuth2Client({ server: am, clientId: clientId ?? '', clientSecret: clientSecret ?? '', fetch });
  const codeVerifier = await generateCodeVerifier();
  const state = 'somewhere';
  let token: OAuth2Token;
  const plain = () => ({
    access_token: token.accessToken,
    refresh_token: token.refreshToken,
    scope: token.scope?.join(' '),
    extra: token.extraParams,
  });
  return {
    name,
    async start(scope) {
      const params = { redirectUri, state, codeVerifier, scope: scope.split(' '), resource };
      return new URL(await client.authorizationCode.getAuthorizeUri(params));
    },
    async finish(callback) {
      const params = { redirectUri, state, codeVerifier, resource };
      token = await client.authorizationCode.getTokenFromCodeRedirect(callback, params);
      return plain();
    },
    async call(url) {
      const storeToken = (fresh: OAuth2Token): void => void (token = fresh);
      const sign = new OAuth2Fetch({ client, getNewToken: () => token, storeToken, scheduleRefresh: false }).mw();
      const answer = await sign(new Request(url), (request) => fetch(request.url, { headers: request.headers }));
      return { status: answer.status, json: await answer.json() };
    },
    async refresh() {
      token = await client.refreshToken(token, { resource });
      return plain();
    },
  };
}
