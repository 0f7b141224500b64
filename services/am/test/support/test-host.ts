import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly form: URLSearchParams;
}

export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Scripted = Reply | 'hang' | Promise<Reply>;

/** How a Host behaves; what is not given behaves well. */
export interface Behaviour {
  metadata?: (metadata: Record<string, unknown>) => unknown;
  resource?: (metadata: Record<string, unknown>) => unknown;
  par?: (call: Call) => Scripted;
  token?: (call: Call) => Scripted;
  revoke?: (call: Call) => Scripted;
}

/** A scripted Host: it issues link tokens for any code, and records what it was asked. */
export interface TestHost {
  readonly issuer: string;
  readonly port: number;
  readonly calls: Call[];
  behaviour: Behaviour;
  /** Calls of one endpoint. */
  callsOf(path: string): Call[];
  /** Resolves with the first call that fits, past ones included. */
  called(fits: (call: Call) => boolean): Promise<Call>;
  stop(): Promise<void>;
  /** Listens again at the same address. */
  start(): Promise<void>;
}

export const SCOPES = { 'photos.read': 'See your photos', 'photos.write': 'Add photos' };

export async function startTestHost(name: string): Promise<TestHost> {
  const calls: Call[] = [];
  const waiting = new Set<() => void>();
  let server = http.createServer();
  const listener: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url?.split('?', 1)[0] ?? '';
      const call = { method: request.method ?? '', path, form: new URLSearchParams(Buffer.concat(chunks).toString()) };
      calls.push(call);
      for (const wake of waiting) wake();
      void Promise.resolve(answer(host, call)).then((reply) => {
        if (reply === 'hang') return;
        const type = reply.json === undefined ? {} : { 'content-type': 'application/json' };
        response.writeHead(reply.status, { ...type, ...reply.headers });
        response.end(reply.json === undefined ? undefined : JSON.stringify(reply.json));
      });
    });
  };
  const listen = (port: number): Promise<void> => {
    server = http.createServer(listener);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const host: TestHost = {
    issuer: `http://${name}.localhost:${port}`,
    port,
    calls,
    behaviour: {},
    callsOf: (path) => calls.filter((call) => call.path === path),
    called(fits) {
      const past = calls.find(fits);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve) => {
        const look = (): void => {
          const call = calls.find(fits);
          if (call === undefined) return;
          waiting.delete(look);
          resolve(call);
        };
        waiting.add(look);
      });
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
    start: () => listen(port),
  };
  return host;
}

function answer(host: TestHost, call: Call): Scripted {
  const { behaviour, issuer } = host;
  const [, resource] = /^\/\.well-known\/oauth-protected-resource(\/[a-z]+)$/.exec(call.path) ?? [];
  if (resource !== undefined) {
    const document = { resource: `${issuer}${resource}`, authorization_servers: [issuer] };
    return { status: 200, json: (behaviour.resource ?? same)(document) };
  }
  switch (call.path) {
    case '/.well-known/oauth-authorization-server':
      return { status: 200, json: (behaviour.metadata ?? same)(metadataOf(issuer)) };
    case '/par':
      return behaviour.par?.(call) ?? { status: 201, json: { request_uri: `urn:test:${secret()}`, expires_in: 90 } };
    case '/token':
      return behaviour.token?.(call) ?? { status: 200, json: linkTokens() };
    case '/revoke':
      return behaviour.revoke?.(call) ?? { status: 200 };
    default:
      return { status: 404, json: { error: 'invalid_request' } };
  }
}

const same = (metadata: Record<string, unknown>): unknown => metadata;
const secret = (): string => randomBytes(16).toString('base64url');

/** A good answer of the code and refresh grants. */
export function linkTokens(over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const good = {
    access_token: `at-${secret()}`,
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: `rt-${secret()}`,
    scope: 'transfer',
  };
  return { ...good, transfer_scope: Object.keys(SCOPES).join(' '), ...over };
}

function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA'],
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    protected_resources: [`${issuer}/api`],
    chatelaine_name: 'Photos',
    chatelaine_transfer_scopes: SCOPES,
  };
}
