import { checkDpopProof, verifyJwt } from '@chatelaine/crypto';
import type { OutboundException } from '@chatelaine/outbound-http';
import { amMetadata, transferred as tokenAnswer } from '@chatelaine/test-kit';
import type { ServerResponse } from 'node:http';
import fastify, { type FastifyRequest } from 'fastify';

export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  /** Instead of JSON. */
  readonly bytes?: Buffer;
  readonly headers?: Record<string, string>;
  /** Instead of all that: writes the answer by itself, and ends it or not. */
  readonly raw?: (response: ServerResponse) => void;
}
export interface Received {
  readonly path: string;
  readonly method: string;
  readonly form: URLSearchParams;
  readonly body: string;
}
interface Item {
  readonly id: string;
  readonly resource: string;
  readonly scope: string;
}
type Handler = (received: Received) => Answer | Promise<Answer>;

/** An AM and two Hosts that behave, until a test says otherwise; they check what the Requester proves. */
export interface TestDeployment {
  readonly am: string;
  readonly exceptions: readonly OutboundException[];
  readonly received: Received[];
  /** `am /token`, `photos /api/entries`: replaces what the deployment would answer. */
  on: Record<string, Handler>;
  /** What an exchange for a resource is answered with, instead of a token. */
  refusal: Record<string, Answer>;
  /** What batch calls asked for. */
  readonly asked: { resource: string; scope: string }[];
  entries: Record<string, { id: string; text: string; date: string; picture?: unknown }[]>;
  count(path: string): number;
  /** The owner agrees at the AM: path and query the browser comes back to. */
  agree(authorizationUrl: string): string;
  resource(name: string): string;
  /** What the AM lists when nothing else is said. */
  targets(): { targets: object[] };
  close(): Promise<void>;
}

const NAMES = ['am', 'photos', 'notes'] as const;
const clock = { now: () => Date.now() / 1000 };

/** @param requester where its client document and keys can really be read */
export async function startDeployment(requester: () => string): Promise<TestDeployment> {
  const app = fastify({ forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.all('/*', async (request, reply) => {
    const one = receive(request);
    deployment.received.push(one);
    const handler = deployment.on[one.path] ?? ((known) => behave(known, request));
    const { status = 200, json, bytes, headers = {}, raw } = await handler(one);
    if (raw !== undefined) {
      reply.hijack();
      raw(reply.raw);
      return reply;
    }
    return reply
      .code(status)
      .type('application/json')
      .headers(headers)
      .send(bytes ?? JSON.stringify(json ?? null));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };
  const origin = (name: string): string => `http://${name}.localhost:${port}`;
  const pushed = new Map<string, URLSearchParams>();
  const codes = new Map<string, URLSearchParams>();
  const tokens = new Map<string, { jkt: string; resource: string }>();
  let counter = 0;
  const next = (prefix: string): string => `${prefix}-${++counter}`;

  async function proofOf(one: Received, request: FastifyRequest, accessToken?: string): Promise<string> {
    const [name = '', path = ''] = one.path.split(' ');
    const headers = [String(request.headers['dpop'])];
    const token = accessToken === undefined ? {} : { accessToken };
    const checked = await checkDpopProof({ headers, htm: one.method, htu: `${origin(name)}${path}`, clock, ...token });
    return checked.kind === 'valid' ? checked.jkt : 'no valid proof';
  }

  /** Authenticates the client by what it publishes, as an AM does. */
  async function isClient(form: URLSearchParams): Promise<boolean> {
    const document = (await (await fetch(`${requester()}/client`)).json()) as Record<string, string>;
    const keys = (await (await fetch(`${requester()}/jwks`)).json()) as never;
    const issuer = document['client_id'] ?? '';
    const checked = await verifyJwt({
      token: form.get('client_assertion') ?? '',
      typ: 'client-authentication+jwt',
      keys,
      issuer,
      subject: issuer,
      audience: origin('am'),
      clock,
      maxLifetimeSeconds: 60,
    });
    return checked.kind === 'valid' && form.get('client_id') === issuer;
  }

  const refuse = (error: string, status = 400): Answer => ({ status, json: { error } });

  async function behave(one: Received, request: FastifyRequest): Promise<Answer> {
    const [name = '', path = ''] = one.path.split(' ');
    if (name === 'am') return asAm(one, path, request);
    return path === '/api/entries' ? asHost(one, name, request) : refuse('not_found', 404);
  }

  async function asAm(one: Received, path: string, request: FastifyRequest): Promise<Answer> {
    const { form } = one;
    if (path === '/.well-known/oauth-authorization-server') return { json: amMetadata(origin('am')) };
    if (path === '/targets') return { json: deployment.targets() };
    if (path === '/transfers') return many(one, request);
    if (!(await isClient(form))) return refuse('invalid_client', 401);
    if (path === '/revoke') return {};
    const jkt = await proofOf(one, request);
    if (path === '/par') {
      if (form.get('dpop_jkt') !== jkt) return refuse('invalid_dpop_proof');
      const uri = next('urn:ietf:params:oauth:request_uri:');
      pushed.set(uri, form);
      return { status: 201, json: { request_uri: uri, expires_in: 90 } };
    }
    return token(form, jkt);
  }

  function token(form: URLSearchParams, jkt: string): Answer {
    const resource = form.get('resource');
    if (resource !== null) return deployment.refusal[resource] ?? transferred(form, resource, jkt);
    const code = form.get('code') ?? '';
    const request = codes.get(code);
    codes.delete(code);
    if (request?.get('dpop_jkt') !== jkt) return refuse('invalid_grant');
    const answer = {
      access_token: next('connection-token'),
      token_type: 'DPoP',
      expires_in: 3600,
      refresh_token: next('refresh-token'),
    };
    return { json: { ...answer, scope: 'transfer' } };
  }

  /** Each answer as a line; all at once. */
  async function many(one: Received, request: FastifyRequest): Promise<Answer> {
    const { transfers, ...client } = JSON.parse(one.body) as { transfers: Item[] } & Record<string, string>;
    if (!(await isClient(new URLSearchParams(client)))) return refuse('invalid_client', 401);
    const jkt = await proofOf(one, request, String(request.headers.authorization).slice('DPoP '.length));
    const lines = transfers.map(({ id, resource, scope }) => {
      deployment.asked.push({ resource, scope });
      const answer = deployment.refusal[resource] ?? transferred(new URLSearchParams({ scope }), resource, jkt);
      return JSON.stringify({ id, status: answer.status ?? 200, ...(answer.json as object) });
    });
    return {
      bytes: Buffer.from(lines.map((line) => `${line}\n`).join('')),
      headers: { 'content-type': 'application/x-ndjson' },
    };
  }

  function transferred(form: URLSearchParams, resource: string, jkt: string): Answer {
    const accessToken = next('at');
    tokens.set(accessToken, { jkt, resource });
    const issuer = new URL(resource).origin;
    return { json: tokenAnswer({ accessToken, scope: form.get('scope'), resource, jkt, issuer }) };
  }

  async function asHost(one: Received, name: string, request: FastifyRequest): Promise<Answer> {
    const accessToken = String(request.headers.authorization).slice('DPoP '.length);
    const known = tokens.get(accessToken);
    if (known?.resource !== `${origin(name)}/api`) return refuse('invalid_token', 401);
    if ((await proofOf(one, request, accessToken)) !== known.jkt) return refuse('invalid_token', 401);
    if (one.method === 'GET') return { json: { entries: deployment.entries[name] ?? [] } };
    const { text } = JSON.parse(one.body) as { text: string };
    deployment.entries[name] = [
      ...(deployment.entries[name] ?? []),
      { id: next('e'), text, date: new Date().toISOString() },
    ];
    return { status: 201, json: {} };
  }

  const deployment: TestDeployment = {
    am: origin('am'),
    exceptions: NAMES.map((name) => ({ host: `${name}.localhost`, port, scheme: 'http', cidr: '127.0.0.1/32' })),
    received: [],
    on: {},
    refusal: {},
    asked: [],
    entries: {},
    count: (path) => deployment.received.filter((one) => one.path === path).length,
    agree(authorizationUrl) {
      const request = pushed.get(new URL(authorizationUrl).searchParams.get('request_uri') ?? '');
      if (request === undefined) throw new Error('unknown request_uri');
      const code = next('ac');
      codes.set(code, request);
      const query = new URLSearchParams({ code, state: request.get('state') ?? '', iss: origin('am') });
      return `${new URL(request.get('redirect_uri') ?? '').pathname}?${query.toString()}`;
    },
    targets: () => ({ targets: ['photos', 'notes'].map((name) => target(name, origin(name))) }),
    resource: (name) => `${origin(name)}/api`,
    close: () => app.close(),
  };
  return deployment;
}

function receive(request: FastifyRequest): Received {
  const body = typeof request.body === 'string' ? request.body : '';
  const path = `${request.host.split('.')[0]} ${request.url.split('?')[0]}`;
  return { path, method: request.method, form: new URLSearchParams(body), body };
}

function target(name: string, issuer: string): object {
  const scopes = ['entries.read', 'entries.write'].map((scope) => ({ scope, answer: 'allow' }));
  return { resource: `${issuer}/api`, issuer, name: name === 'photos' ? 'Photos' : 'Notes', account: 'kim', scopes };
}
