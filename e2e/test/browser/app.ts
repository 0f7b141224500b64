import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Constellation } from '@chatelaine/constellation';
import { challengeOf, createVerifier } from '@chatelaine/crypto';

/** A request that came to the app's callback. */
export interface CameBack {
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
}

export interface AppOptions {
  /** Where it listens. */
  readonly host?: '127.0.0.1' | '[::1]';
  /** What its callback answers; by default a page that says that it is there. */
  readonly callback?: (response: http.ServerResponse) => void;
  /** Its front page. */
  readonly front?: (app: App) => string;
}

/** A stock OAuth app on this machine, with a callback that a real browser comes to. */
export interface App {
  readonly name: string;
  readonly origin: string;
  readonly redirectUri: string;
  readonly cameBack: readonly CameBack[];
  /** The query with which its callback is called first, once it is. */
  readonly called: Promise<URLSearchParams>;
  /** Where the owner's browser goes. */
  start(): string;
  /** What its code is worth: the answer of the Host to a call with the token it is redeemed for. */
  use(code: string): Promise<number>;
  close(): Promise<void>;
}

let apps = 0;

/** Registers at the AM for one resource, reading. It proves no key. */
export async function startApp(
  { deployment, resource, scope }: { deployment: Constellation; resource: string; scope: string },
  { host = '127.0.0.1', callback = arrived, front = () => '' }: AppOptions = {},
): Promise<App> {
  const cameBack: CameBack[] = [];
  const { promise: called, resolve } = Promise.withResolvers<URLSearchParams>();
  const server = http.createServer(({ url = '/', headers }, response) => {
    const at = new URL(url, 'http://app');
    if (at.pathname === '/') return page(response, front(app));
    if (at.pathname !== '/cb') return response.writeHead(204).end();
    cameBack.push({ query: at.searchParams, headers });
    resolve(at.searchParams);
    return callback(response);
  });
  server.listen(0, host === '[::1]' ? '::1' : host);
  await once(server, 'listening');
  const origin = `http://${host}:${(server.address() as AddressInfo).port}`;
  const redirectUri = `${origin}/cb`;
  const name = `App ${++apps}`;
  const { am } = deployment;
  const registered = await deployment.fetch(`${am.url}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: name,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  const verifiers: string[] = [];
  const app: App = {
    name,
    origin,
    redirectUri,
    cameBack,
    called,
    start() {
      verifiers.push(createVerifier());
      const query = new URLSearchParams({
        response_type: 'code',
        client_id,
        redirect_uri: redirectUri,
        code_challenge: challengeOf(verifiers.at(-1) ?? ''),
        code_challenge_method: 'S256',
        state: 'a-state',
        resource,
        scope,
      });
      return `${am.url}/authorize?${query.toString()}`;
    },
    async use(code) {
      const answer = await deployment.fetch(`${am.url}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id,
          code,
          code_verifier: verifiers.at(-1) ?? '',
          redirect_uri: redirectUri,
        }),
      });
      const { access_token } = (await answer.json()) as { access_token?: string };
      const called = await deployment.fetch(`${resource}/entries`, {
        headers: { authorization: `Bearer ${access_token}` },
      });
      return called.status;
    },
    async close() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
  return app;
}

const arrived = (response: http.ServerResponse): void => page(response, '<h1>Arrived</h1>');

function page(response: http.ServerResponse, body: string): void {
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    .end(`<!doctype html><title>App</title>${body}`);
}
