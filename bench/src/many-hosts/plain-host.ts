import http from 'node:http';
import { checkDpopProof, generateSigningKey, randomId, systemClock } from '@chatelaine/crypto';
import { type InteractionResults, Provider } from 'oidc-provider';
import type { Pool } from 'pg';
import { createAdapter } from '../oidc-adapter.ts';
import { ENTRY, type Origin, SCOPE } from './farm-host.ts';

const OWNER = 'robin';
const PAGE = '<!doctype html><title>Allow?</title><form method="post"><button>Allow</button></form>';

/**
 * A Host as most are: its own authorization server with dynamic registration, and an API. Its owner is signed in
 * already and agrees with one click; its tokens are bound by DPoP, like those of the chain.
 */
export async function openPlainHost(
  { pool, port, url }: Origin & { pool: Pool },
  onRequest: () => void,
): Promise<http.Server> {
  const provider = new Provider(url, {
    adapter: (model) => createAdapter(pool, { model: `${port} ${model}`, kind: 'strict' }),
    scopes: [SCOPE],
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    pkce: { required: () => true },
    findAccount: async (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      dPoP: { enabled: true },
      registration: { enabled: true },
    },
    cookies: { keys: [randomId('')] },
    jwks: { keys: [generateSigningKey().privateJwk] },
  });
  const oauth = provider.callback();
  const server = http.createServer((request, response) => {
    onRequest();
    const path = request.url ?? '/';
    if (path.startsWith('/interaction/')) return void interact(provider, request, response);
    if (path === '/api/entry') return void answerApi(provider, url, request, response);
    return void oauth(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function interact(provider: Provider, request: http.IncomingMessage, response: http.ServerResponse) {
  if (request.method !== 'POST') return response.setHeader('content-type', 'text/html').end(PAGE);
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: OWNER, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope']));
  const result: InteractionResults = { login: { accountId: OWNER }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** The least that an API with bound tokens checks. */
async function answerApi(
  provider: Provider,
  issuer: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
) {
  const value = /^DPoP (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const token = await provider.AccessToken.find(value);
  const proof = await checkDpopProof({
    headers: request.headersDistinct['dpop'] ?? [],
    htm: 'GET',
    htu: `${issuer}/api/entry`,
    accessToken: value,
    clock: systemClock,
  });
  const good = proof.kind === 'valid' && token?.jkt === proof.jkt && token.scopes.has(SCOPE);
  const { ReplayDetection } = provider;
  if (!good || !(await ReplayDetection.unique(token.clientId ?? '', proof.jti, Math.ceil(proof.expiresAt))))
    return response.writeHead(401).end();
  return response.setHeader('content-type', 'application/json').end(JSON.stringify(ENTRY));
}
