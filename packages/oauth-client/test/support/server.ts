import { checkDpopProof } from '@chatelaine/crypto';
import { createOutbound, type Outbound } from '@chatelaine/outbound-http';
import { parseForm } from '@chatelaine/protocol';
import { amMetadata, linkTokens, patience, resourceMetadata, transferred } from '@chatelaine/test-kit';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { ClientDeps } from '../../src/index.ts';

export interface Received {
  readonly path: string;
  readonly method: string;
  readonly form: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

type Handler = (reply: FastifyReply, received: Received) => unknown;

/** An authorization server that behaves correctly unless a test changes that. */
export interface TestServer {
  readonly issuer: string;
  readonly deps: ClientDeps & { outbound: Outbound };
  /** Deadline of a call in seconds: distant, unless a test is about timeouts. */
  callSeconds: number;
  readonly received: Received[];
  /** Members that replace the default ones; undefined leaves a member out. */
  metadata: Record<string, unknown>;
  resourceMetadata: Record<string, unknown>;
  handlers: Record<string, Handler>;
  last(): Received;
  jktOf(received: Received, accessToken?: string): Promise<string>;
  close(): Promise<void>;
}

export const NEVER_LATE = patience() / 1000;
// closing waits for as long as a document may take
const LONG = { callSeconds: NEVER_LATE, documentSeconds: patience(3) / 1000, connectSeconds: NEVER_LATE };

export async function startServer(name: string): Promise<TestServer> {
  const received: Received[] = [];
  const app = fastify({ forceCloseConnections: true });
  for (const type of ['application/x-www-form-urlencoded', 'application/json']) {
    app.removeContentTypeParser(type);
    app.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, done) => done(null, body));
  }
  app.all('/*', async (request, reply) => {
    const one = record(request);
    received.push(one);
    const handler = server.handlers[one.path] ?? behave[one.path];
    if (handler === undefined) return reply.code(404).send({ error: 'not_found' });
    await handler(reply, one);
    return reply;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const issuer = `http://${name}.localhost:${port}`;
  const exceptions = [{ host: `${name}.localhost`, port, scheme: 'http' as const, cidr: '127.0.0.1/32' }];
  const patient = createOutbound({ exceptions, demo: true, timeouts: LONG });
  const outbound: Outbound = {
    ...patient,
    fetch: (url, init) => patient.fetch(url, { timeoutSeconds: server.callSeconds, ...init }),
  };
  const clock = { now: () => Date.now() / 1000 };
  const behave = goodHandlers(issuer, () => server);
  const server: TestServer = {
    issuer,
    deps: { outbound, clock, schemes: ['https', 'http'] },
    callSeconds: NEVER_LATE,
    received,
    metadata: {},
    resourceMetadata: {},
    handlers: {},
    last() {
      const one = received.at(-1);
      if (one === undefined) throw new Error('nothing was received');
      return one;
    },
    async jktOf(one, accessToken) {
      const proof = String(one.headers['dpop']);
      const token = accessToken === undefined ? {} : { accessToken };
      const input = { headers: [proof], htm: one.method, htu: `${issuer}${one.path}`, clock, ...token };
      const checked = await checkDpopProof(input);
      if (checked.kind !== 'valid') throw new Error(`proof: ${JSON.stringify(checked)}`);
      return checked.jkt;
    },
    async close() {
      await outbound.close();
      await app.close();
    },
  };
  return server;
}

function record(request: FastifyRequest): Received {
  const body = typeof request.body === 'string' ? request.body : '';
  const form = parseForm(body);
  const params = form.kind === 'form' ? form.params : new Map<string, string>();
  const path = request.url.split('?')[0] ?? '';
  return { path, method: request.method, form: params, headers: request.headers, body };
}

function goodHandlers(issuer: string, server: () => TestServer): Record<string, Handler> {
  return {
    '/.well-known/oauth-authorization-server': (reply) => reply.send({ ...goodMetadata(issuer), ...server().metadata }),
    '/.well-known/oauth-protected-resource/api': (reply) =>
      reply.send({ ...resourceMetadata(issuer), ...server().resourceMetadata }),
    '/par': (reply) => reply.code(201).send({ request_uri: 'urn:ietf:params:oauth:request_uri:x', expires_in: 90 }),
    '/token': (reply, { form, headers }) => reply.send(goodTokens(issuer, form, headers['dpop'] !== undefined)),
    '/revoke': (reply) => reply.code(200).send(),
    '/register': (reply, { body }) =>
      reply.code(201).send({
        ...(JSON.parse(body) as object),
        client_id: 'registered-1',
        client_id_issued_at: 1,
        registration_access_token: 'cha_ra_x',
        registration_client_uri: `${issuer}/register/registered-1`,
      }),
    '/register/registered-1': (reply) => reply.code(204).send(),
  };
}

function goodTokens(issuer: string, form: ReadonlyMap<string, string>, bound: boolean): object {
  if (form.has('subject_token')) {
    const [scope, resource] = [form.get('scope') ?? null, form.get('resource') ?? null];
    return transferred({ accessToken: 'cha_at_x', scope, resource, jkt: 'k'.repeat(43), issuer });
  }
  const ceiling = ['entries.read', 'entries.write'];
  const tokens = linkTokens({ accessToken: 'cha_ct_x', refreshToken: 'cha_rt_x', ceiling });
  return { ...tokens, token_type: bound ? 'DPoP' : 'Bearer' };
}

/** Metadata of a server with all features, in either role. */
export const goodMetadata = (issuer: string): Record<string, unknown> => ({
  ...amMetadata(issuer),
  protected_resources: [`${issuer}/api`],
});
