import * as oauth from 'oauth4webapi';
import {
  ACCESS_TOKEN,
  type Identity,
  metadataOf,
  type StockRequester,
  type StockWorld,
  TOKEN_EXCHANGE,
} from './requester.ts';

/** What this library supports beyond the others. */
export interface Manageable extends StockRequester {
  /** Introspects the connection token. RFC 7662. */
  introspect(): Promise<oauth.IntrospectionResponse>;
  /** Revokes the refresh token. RFC 7009. */
  revoke(): Promise<void>;
  /** Reads a Host's metadata. RFC 9728. */
  describe(resource: string): Promise<oauth.ResourceServer>;
}

/** A Requester by oauth4webapi alone: each function below is the call of its documentation. */
export async function byOauth4webapi(world: StockWorld, identity: Identity): Promise<Manageable> {
  const { redirectUri } = world;
  const customFetch = (url: string, options: object) => world.fetch(url, options);
  const plain = { [oauth.customFetch]: customFetch, [oauth.allowInsecureRequests]: true };
  const issuer = new URL(world.am);
  const found = await oauth.discoveryRequest(issuer, { ...plain, algorithm: 'oauth2' });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  const client = identity.kind === 'document' ? { client_id: identity.clientId } : await register();
  const auth = identity.keys === null ? oauth.None() : oauth.PrivateKeyJwt(identity.keys.privateKey);
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const bound = { ...plain, DPoP };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  let connection: oauth.TokenEndpointResponse;

  async function register(): Promise<oauth.Client> {
    const metadata = await metadataOf(redirectUri, identity.keys);
    const answer = await oauth.dynamicClientRegistrationRequest(as, metadata, plain);
    return oauth.processDynamicClientRegistrationResponse(answer);
  }

  async function start(): Promise<string> {
    const params = {
      response_type: 'code',
      scope: 'transfer',
      redirect_uri: redirectUri,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      dpop_jkt: await DPoP.calculateThumbprint(),
    };
    const answer = await oauth.pushedAuthorizationRequest(as, client, auth, params, plain);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, answer);
    const { client_id } = client;
    return `${as.authorization_endpoint}?${new URLSearchParams({ client_id, request_uri }).toString()}`;
  }

  async function finish(callback: URL): Promise<oauth.TokenEndpointResponse> {
    const query = oauth.validateAuthResponse(as, client, callback, state);
    const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, query, redirectUri, verifier, bound);
    return (connection = await oauth.processAuthorizationCodeResponse(as, client, answer));
  }

  async function exchange(wanted: { resource: string; scope: string }): Promise<oauth.TokenEndpointResponse> {
    const params = { ...wanted, subject_token: connection.access_token, subject_token_type: ACCESS_TOKEN };
    const answer = await oauth.genericTokenEndpointRequest(as, client, auth, TOKEN_EXCHANGE, params, bound);
    return oauth.processGenericTokenEndpointResponse(as, client, answer);
  }

  async function call(token: string, url: string): Promise<{ status: number; json: unknown }> {
    const answer = await oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, null, bound);
    return { status: answer.status, json: await answer.json() };
  }

  async function refresh(): Promise<oauth.TokenEndpointResponse> {
    const { refresh_token: token = '' } = connection;
    const answer = await oauth.refreshTokenGrantRequest(as, client, auth, token, bound);
    connection = { ...connection, ...(await oauth.processRefreshTokenResponse(as, client, answer)) };
    return connection;
  }

  return {
    metadata: as,
    start,
    finish,
    exchange,
    call,
    refresh,
    async introspect() {
      const answer = await oauth.introspectionRequest(as, client, auth, connection.access_token, plain);
      return oauth.processIntrospectionResponse(as, client, answer);
    },
    async revoke() {
      const answer = await oauth.revocationRequest(as, client, auth, connection.refresh_token ?? '', plain);
      await oauth.processRevocationResponse(answer);
    },
    async describe(resource) {
      const answer = await oauth.resourceDiscoveryRequest(new URL(resource), plain);
      return oauth.processResourceDiscoveryResponse(new URL(resource), answer);
    },
  };
}
