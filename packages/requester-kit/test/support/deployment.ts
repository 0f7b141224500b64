import { afterAll, beforeEach } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { challengeOf, checkDpopProof } from '@chatelaine/crypto';
import type { Clock } from '@chatelaine/protocol';
import { createOutbound, type Outbound } from '@chatelaine/outbound-http';
import { amMetadata, bodyOf, patience, serve, transferred as tokenAnswer } from '@chatelaine/test-kit';

export interface Received {
  readonly path: string;
  readonly query: string;
  readonly method: string;
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
export interface Reply {
  readonly status?: number;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
  /** Replaces the JSON: writes the body itself, and may leave it unfinished. */
  readonly raw?: (response: ServerResponse) => void;
}
type Handler = (received: Received) => Reply | Promise<Reply>;

/** An AM and a Host on one port under two names, which behave well unless a test says otherwise. */
export interface TestDeployment {
  readonly am: string;
  readonly host: string;
  readonly resource: string;
  readonly outbound: Outbound;
  /** Seconds that a call waits for its answer: unlimited in effect, unless a test wants it to time out. */
  callSeconds: number;
  /** The clock of the deployment and of the apps in it. */
  readonly clock: Clock;
  pass(seconds: number): void;
  readonly received: Received[];
  /** Replaces the deployment's answer to `am /token` or `host /api/entries`, for example. */
  on: Record<string, Handler>;
  /** Changes members of the AM's metadata; undefined leaves one out. */
  metadata: Record<string, unknown>;
  /** The tokens that the AM accepts; a test that empties a set makes the AM forget them. */
  readonly alive: { readonly access: Set<string>; readonly refresh: Set<string>; readonly hostTokens: Set<string> };
  /** The deployment's own answer to a request. */
  readonly behave: Handler;
  count(path: string): number;
  /** The browser's part: opens the authorization URL, agrees, and returns the callback URL. */
  agree(authorizationUrl: string): string;
  close(): Promise<void>;
}

const notFound: Handler = () => ({ status: 404, json: { error: 'not_found' } });

const NEVER_LATE = patience() / 1000;
// shorter, since closing waits for as long as a document may take
const LONG = { callSeconds: NEVER_LATE, documentSeconds: patience(3) / 1000, connectSeconds: NEVER_LATE };

/** One deployment for all tests of a file; before each of them it behaves well again, and has received nothing. */
export async function deploymentForAll(metadata: Record<string, unknown> = {}): Promise<TestDeployment> {
  const deployment = await startDeployment();
  afterAll(() => deployment.close());
  beforeEach(() => {
    deployment.on = {};
    deployment.callSeconds = NEVER_LATE;
    deployment.metadata = metadata;
    deployment.received.length = 0;
  });
  return deployment;
}

async function startDeployment(): Promise<TestDeployment> {
  const received: Received[] = [];
  const running = await serve((request, response) => void answer(request, response));
  const { port } = running;
  const [am, host] = [`http://am.localhost:${port}`, `http://host.localhost:${port}`];
  const exceptions = ['am.localhost', 'host.localhost'].map((name) => ({
    host: name,
    port,
    scheme: 'http' as const,
    cidr: '127.0.0.1/32',
  }));
  const patient = createOutbound({ exceptions, demo: true, timeouts: LONG });
  const outbound: Outbound = {
    ...patient,
    fetch: (url, init) => patient.fetch(url, { timeoutSeconds: deployment.callSeconds, ...init }),
  };
  const alive = { access: new Set<string>(), refresh: new Set<string>(), hostTokens: new Set<string>() };
  const pushed = new Map<string, URLSearchParams>();
  const codes = new Map<string, URLSearchParams>();
  let counter = 0;
  let offset = 0;
  const clock = { now: () => Date.now() / 1000 + offset };
  const next = (prefix: string): string => `${prefix}-${++counter}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await bodyOf(request)).toString();
    const [at = '', query = ''] = (request.url ?? '').split('?');
    const path = `${request.headers.host?.split('.')[0]} ${at}`;
    const { headers, method = 'GET' } = request;
    const one: Received = { path, query, method, form: new URLSearchParams(body), headers, body };
    received.push(one);
    const handler = deployment.on[path] ?? behave[path] ?? notFound;
    const reply = await handler(one);
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
    if (reply.raw !== undefined) return reply.raw(response);
    response.end(reply.json === undefined ? '' : JSON.stringify(reply.json));
  }

  const jktOf = async (one: Received, accessToken?: string): Promise<string | null> => {
    const origin = one.path.startsWith('am ') ? am : host;
    const htu = `${origin}${one.path.split(' ')[1]}`;
    const token = accessToken === undefined ? {} : { accessToken };
    const proofs = one.headers['dpop'] === undefined ? [] : [String(one.headers['dpop'])];
    const checked = await checkDpopProof({ headers: proofs, htm: one.method, htu, clock, ...token });
    return checked.kind === 'valid' ? checked.jkt : null;
  };
  const refuse = (error: string, status = 400): Reply => ({ status, json: { error } });

  function connectionTokens(jkt: string): Record<string, unknown> {
    const access = next('ct');
    alive.access.add(`${access} ${jkt}`);
    return { access_token: access, token_type: 'DPoP', expires_in: 3600, scope: 'transfer' };
  }

  const grants: Record<string, (one: Received, jkt: string) => Reply> = {
    authorization_code({ form }, jkt) {
      const request = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const right =
        request?.get('code_challenge') === challengeOf(form.get('code_verifier') ?? '') &&
        request.get('dpop_jkt') === jkt &&
        request.get('redirect_uri') === form.get('redirect_uri');
      if (!right) return refuse('invalid_grant');
      const refresh = next('rt');
      alive.refresh.add(`${refresh} ${jkt}`);
      return { json: { ...connectionTokens(jkt), refresh_token: refresh } };
    },
    refresh_token({ form }, jkt) {
      const token = form.get('refresh_token') ?? '';
      return alive.refresh.has(`${token} ${jkt}`) ? { json: connectionTokens(jkt) } : refuse('invalid_grant');
    },
    'urn:ietf:params:oauth:grant-type:token-exchange'({ form }, jkt) {
      if (!alive.access.has(`${form.get('subject_token')} ${jkt}`)) return refuse('invalid_request');
      return transferred(form, jkt);
    },
  };

  function transferred(form: URLSearchParams, jkt: string): Reply {
    // the Host has its API, and resources below it
    if (!`${form.get('resource')}/`.startsWith(`${deployment.resource}/`)) return refuse('invalid_target');
    const token = next('at');
    alive.hostTokens.add(`${token} ${jkt}`);
    return { json: { ...transferAnswer(form, jkt, host), access_token: token } };
  }

  const behave: Record<string, Handler> = {
    'am /.well-known/oauth-authorization-server': () => ({ json: { ...amMetadata(am), ...deployment.metadata } }),
    'am /par': async (one) => {
      if ((await jktOf(one)) !== one.form.get('dpop_jkt')) return refuse('invalid_dpop_proof');
      const uri = next('urn:ietf:params:oauth:request_uri:');
      pushed.set(uri, one.form);
      return { status: 201, json: { request_uri: uri, expires_in: 90 } };
    },
    'am /token': async (one) => {
      const jkt = await jktOf(one);
      const grant = grants[one.form.get('grant_type') ?? ''];
      return jkt === null || grant === undefined ? refuse('invalid_dpop_proof') : grant(one, jkt);
    },
    'am /targets': async (one) => {
      const token = String(one.headers.authorization).slice('DPoP '.length);
      const jkt = await jktOf(one, token);
      if (!alive.access.has(`${token} ${jkt}`)) return refuse('invalid_token', 401);
      return { json: { targets: [target(deployment.resource, host)] } };
    },
    'am /transfers': async (one) => {
      const token = String(one.headers.authorization).slice('DPoP '.length);
      const jkt = (await jktOf(one, token)) ?? '';
      if (!alive.access.has(`${token} ${jkt}`)) return refuse('invalid_token', 401);
      const lines = itemsOf(one).map(({ id, ...item }) => {
        const { status = 200, json } = transferred(new URLSearchParams(item), jkt);
        return { id, status, ...(json as object) };
      });
      return ndjson((response) => response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
    },
    'am /revoke': ({ form }) => {
      for (const each of alive.refresh) if (each.startsWith(`${form.get('token')} `)) alive.refresh.delete(each);
      alive.access.clear();
      return {};
    },
    'am /register': ({ body }) => {
      const clientId = next('client');
      const uri = `${am}/register/x`;
      const managed = { registration_access_token: 'cha_ra_x', registration_client_uri: uri, client_id_issued_at: 1 };
      return { status: 201, json: { ...(JSON.parse(body) as object), client_id: clientId, ...managed } };
    },
    'am /register/x': () => ({ status: 204 }),
    'host /api/entries': async (one) => {
      const token = String(one.headers.authorization).slice('DPoP '.length);
      const jkt = await jktOf(one, token);
      return alive.hostTokens.has(`${token} ${jkt}`) ? { json: { entries: [] } } : refuse('invalid_token', 401);
    },
  };

  const deployment: TestDeployment = {
    am,
    host,
    resource: `${host}/api`,
    outbound,
    callSeconds: NEVER_LATE,
    clock,
    pass: (seconds) => void (offset += seconds),
    received,
    on: {},
    metadata: {},
    alive,
    behave: (one) => (behave[one.path] ?? notFound)(one),
    count: (path) => received.filter((one) => one.path === path).length,
    agree(authorizationUrl) {
      const request = pushed.get(new URL(authorizationUrl).searchParams.get('request_uri') ?? '');
      if (request === undefined) throw new Error('unknown request_uri');
      const code = next('ac');
      codes.set(code, request);
      const query = new URLSearchParams({ code, state: request.get('state') ?? '', iss: am });
      return `${request.get('redirect_uri')}?${query.toString()}`;
    },
    async close() {
      await outbound.close();
      await running.close();
    },
  };
  return deployment;
}

/** The items of a batch call. */
export function itemsOf({ body }: Received): { id: string; resource: string; scope: string; purpose?: string }[] {
  return (JSON.parse(body) as { transfers: { id: string; resource: string; scope: string }[] }).transfers;
}

export function ndjson(raw: (response: ServerResponse) => void): Reply {
  return { headers: { 'content-type': 'application/x-ndjson' }, raw };
}

export function transferAnswer(form: URLSearchParams, jkt: string, issuer: string): Record<string, unknown> {
  const [scope, resource] = [form.get('scope'), form.get('resource')];
  return tokenAnswer({ accessToken: 'at', scope, resource, jkt, issuer });
}

function target(resource: string, issuer: string): object {
  const scopes = [{ scope: 'entries.read', answer: 'allow' }];
  return { resource, issuer, name: 'Photos', account: 'kim', scopes };
}
