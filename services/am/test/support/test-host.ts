import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import {
  bodyOf,
  freePort,
  hostMetadata,
  linkTokens as goodTokens,
  resourceMetadata,
  serve,
} from '@chatelaine/test-kit';

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

/** Replacements for the good behaviour of a Host; whatever is not given behaves well. */
export interface Behaviour {
  metadata?: (metadata: Record<string, unknown>) => unknown;
  resource?: (metadata: Record<string, unknown>) => unknown;
  par?: (call: Call) => Scripted;
  token?: (call: Call) => Scripted;
  revoke?: (call: Call) => Scripted;
}

/** A scripted Host: it issues link tokens for any code, and records the requests it received. */
export interface TestHost {
  readonly issuer: string;
  readonly port: number;
  readonly calls: Call[];
  behaviour: Behaviour;
  /** The calls of one endpoint. */
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
  const listener: http.RequestListener = async (request, response) => {
    const form = new URLSearchParams((await bodyOf(request)).toString());
    const call = { method: request.method ?? '', path: request.url?.split('?', 1)[0] ?? '', form };
    calls.push(call);
    for (const wake of waiting) wake();
    const reply = await answer(host, call);
    if (reply === 'hang') return;
    const type = reply.json === undefined ? {} : { 'content-type': 'application/json' };
    response.writeHead(reply.status, { ...type, ...reply.headers });
    response.end(reply.json === undefined ? undefined : JSON.stringify(reply.json));
  };
  // a fixed port, since it may stop and start again at the same address
  let running = await serve(listener, await freePort());
  const { port } = running;
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
    stop: () => running.close(),
    async start() {
      running = await serve(listener, port);
    },
  };
  return host;
}

function answer(host: TestHost, call: Call): Scripted {
  const { behaviour, issuer } = host;
  const [, resource] = /^\/\.well-known\/oauth-protected-resource(\/[a-z]+)$/.exec(call.path) ?? [];
  if (resource !== undefined) {
    const document = resourceMetadata(issuer, `${issuer}${resource}`);
    return { status: 200, json: (behaviour.resource ?? same)(document) };
  }
  switch (call.path) {
    case '/.well-known/oauth-authorization-server':
      return {
        status: 200,
        json: (behaviour.metadata ?? same)(hostMetadata(issuer, { name: 'Photos', scopes: SCOPES })),
      };
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

/** A good answer to the code and refresh grants. */
export function linkTokens(over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const tokens = { accessToken: `at-${secret()}`, refreshToken: `rt-${secret()}` };
  return { ...goodTokens({ ...tokens, ceiling: Object.keys(SCOPES) }), ...over };
}
