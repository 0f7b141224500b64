import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Constellation } from '@chatelaine/constellation';
import { challengeOf, createVerifier } from '@chatelaine/crypto';

/** A request that the app's callback received. */
export interface CameBack {
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
}

export interface AppOptions {
  /** The address that it listens on. */
  readonly host?: '127.0.0.1' | '[::1]';
  /** Writes the answer of the callback; by default a page that says that the app is back. */
  readonly callback?: (response: http.ServerResponse) => void;
  /** Renders its front page. */
  readonly front?: (app: App) => string;
}

/** A stock OAuth app on this machine, with a callback for a real browser. */
export interface App {
  readonly name: string;
  readonly origin: string;
  readonly redirectUri: string;
  readonly cameBack: readonly CameBack[];
  /** The query of the first call of its callback. */
  readonly called: Promise<URLSearchParams>;
  /** The URL to which the owner's browser goes. */
  start(): string;
  /** Redeems the code and calls the Host with the token; the status of the Host's answer. */
  use(code: string): Promise<number>;
  close(): Promise<void>;
}

let apps = 0;

/** Registers at the AM as a client without DPoP that reads one resource. */
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
