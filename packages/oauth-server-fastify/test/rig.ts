import type { Server } from 'node:http';
import { hashToken, randomId } from '@chatelaine/crypto';
import { ageRows, createInstance, type Embedded } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/postgres';
import type { AuthorizationRequest, FetchDocument, ServerConfig, ServerEvent } from '@chatelaine/oauth-server';
import {
  type FormParams,
  type Issuer,
  parseIssuer,
  parseScope,
  parseToken,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import { createPgStorage, createRateLimits, migrationsDir } from '@chatelaine/oauth-server-pg';
import fastify, { type FastifyInstance } from 'fastify';
import pg, { type Pool } from 'pg';
import { rememberRefusals } from './refusals.ts';
import {
  type ConsentDecision,
  type ConsentView,
  type InteractionPort,
  type MachineLimits,
  oauthRoutes,
} from '../src/index.ts';

export const TRANSFER_SCOPES = { 'photos:read': 'See your photos.', 'photos:write': 'Change your photos.' };

/** An authorization server of the rig: two replicas that share nothing but the database. */
export interface Side {
  readonly issuer: Issuer;
  readonly config: ServerConfig;
  readonly ports: readonly [number, number];
  readonly servers: readonly [Server, Server];
  /** What the server told its operator, both replicas together. */
  readonly events: ServerEvent[];
  /** What was refused at a route, as `POST /token 400 invalid_grant`, both replicas together. */
  readonly refusals: ReadonlySet<string>;
}

export interface Rig {
  /** Configured as an AM: bound tokens, open registration, pushed requests accepted. */
  readonly am: Side;
  /** Configured as a Host: keyed tokens, closed registration, pushed requests required. */
  readonly host: Side;
  readonly pool: Pool;
  /** Public documents by their URL; what is not in here cannot be fetched. */
  readonly documents: Map<string, unknown>;
  /** Every URL that was fetched, in order. */
  readonly fetched: string[];
  /** The server's clock; `skew` moves it. */
  readonly clock: { now(): number; skew: number };
  /** Whether a token is alive, as a guard that looks it up would find. */
  isAlive(token: string): Promise<boolean>;
  /** Moves everything that is stored into the past. */
  age(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

const PLENTY = { points: 1_000_000, perSeconds: 60 };
export const NO_LIMITS: MachineLimits = {
  registration: { name: 'register', ...PLENTY },
  registrationOfNetwork: { name: 'register-network', ...PLENTY },
  registrationInAll: { name: 'register-all', ...PLENTY },
  refusals: { name: 'refusal', ...PLENTY },
  documents: { name: 'document', ...PLENTY },
  documentKilobytes: { name: 'document-kb', ...PLENTY },
};

const issuerOf = (value: string): Issuer => {
  const issuer = parseIssuer(value, ['https']);
  if (issuer === null) throw new Error(`${value} is no issuer`);
  return issuer;
};

const AM: ServerConfig = {
  issuer: issuerOf('https://am.example'),
  name: 'An AM',
  schemes: ['https'],
  accessTokenKind: 'ct',
  transferScopes: null,
  registration: 'open',
  pushedRequests: 'accepted',
  relationshipTokens: 'bound',
  resources: [],
  grants: [],
};

const HOST: ServerConfig = {
  issuer: issuerOf('https://host.example'),
  name: 'A Host',
  schemes: ['https', 'http'],
  accessTokenKind: 'lt',
  transferScopes: TRANSFER_SCOPES,
  registration: 'closed',
  pushedRequests: 'required',
  relationshipTokens: 'keyed',
  resources: [],
  grants: [],
};

/** Both servers on one database of their own. */
export async function startRig(server: Embedded, limits: MachineLimits = NO_LIMITS): Promise<Rig> {
  const instance = await createInstance(server, { role: 'kernel', dirs: [migrationsDir], apply: applyMigrations });
  const pools = [openPool(instance.url), openPool(instance.url)] as const;
  const documents = new Map<string, unknown>();
  const fetched: string[] = [];
  const clock = { skew: 0, now: () => Date.now() / 1000 + clock.skew };
  const fetchDocument: FetchDocument = async (url) => {
    fetched.push(url);
    const json = documents.get(url);
    return json === undefined ? { kind: 'failed', reason: 'not found' } : { kind: 'ok', json, freshForSeconds: 0 };
  };
  const apps: FastifyInstance[] = [];
  const startSide = async (config: ServerConfig): Promise<Side> => {
    const events: ServerEvent[] = [];
    const refusals = new Set<string>();
    const startReplica = async (pool: Pool): Promise<{ port: number; server: Server }> => {
      const app = fastify({ forceCloseConnections: true, http: { maxHeaderSize: 65_536 } });
      rememberRefusals(app, refusals);
      apps.push(app);
      const storage = createPgStorage(pool);
      const deps = { config, storage, fetchDocument, clock, emit: (event: ServerEvent) => void events.push(event) };
      await app.register(oauthRoutes, { deps, interaction, rateLimits: createRateLimits(pool), limits });
      await app.listen({ port: 0, host: '127.0.0.1' });
      const address = app.server.address();
      return { port: typeof address === 'object' && address !== null ? address.port : 0, server: app.server };
    };
    const replicas = [await startReplica(pools[0]), await startReplica(pools[1])] as const;
    const ports = [replicas[0].port, replicas[1].port] as const;
    const servers = [replicas[0].server, replicas[1].server] as const;
    return { issuer: config.issuer, config, ports, servers, events, refusals };
  };
  const [am, host] = [await startSide(AM), await startSide(HOST)];
  return {
    am,
    host,
    pool: pools[0],
    documents,
    fetched,
    clock,
    age: (seconds) => ageRows(pools[0], { tables: 'oauth\\_%', seconds }),
    async isAlive(token) {
      const bucket = parseToken(token)?.bucket;
      return (
        bucket !== undefined && (await createPgStorage(pools[1]).findToken({ bucket, hash: hashToken(token) })) !== null
      );
    },
    async stop() {
      await Promise.all(apps.map((app) => app.close()));
      await Promise.all(pools.map((pool) => pool.end()));
      await instance.drop();
    },
  };
}

/** The least a service can be: who is signed in stands in a header, and the consent page is its hidden fields. */
const interaction: InteractionPort = {
  owner: async (request) => {
    const id = request.headers['x-owner'];
    return typeof id === 'string' ? { id } : null;
  },
  signInUrl: (returnTo) => `/sign-in?return_to=${encodeURIComponent(returnTo)}`,
  offer: async ({ interaction: { request } }) => {
    await offered.whenRead();
    return {
      facts: offered.name,
      render: async (view, _request, reply) => reply.type('text/html').send(consentPage(view)),
      decide: (form) => decide(request, form),
    };
  },
  renderReturn: async ({ kind, to, place }, _request, reply) =>
    reply
      .type('text/html')
      .send(
        (kind === 'answer' ? `<meta http-equiv="refresh" content="0;url=${escape(to)}">` : 'Answered already. ') +
          `<a href="${escape(to)}">Back to ${escape(place)}</a>`,
      ),
  renderProblem: async ({ status, message }, _request, reply) =>
    reply
      .code(status)
      .type('text/html')
      .send(`<p>${escape(message)}</p>`),
};

/** What a side has to offer, beside what the request says; a test may change it, and what reading it waits for. */
export const offered = { name: 'all there is', whenRead: async (): Promise<void> => undefined };

function decide(request: AuthorizationRequest, form: FormParams): ConsentDecision {
  if (form.get('decision') === 'deny') return { kind: 'deny' };
  if (form.get('decision') !== 'allow') return { kind: 'again', problem: 'Choose.' };
  const days = form.get('days');
  const ceiling = form.get('ceiling');
  return {
    kind: 'allow',
    grantId: randomId('grant'),
    scope: [TRANSFER_SCOPE],
    transferScope: ceiling === undefined ? request.transferScope : parseScope(ceiling),
    expiresAt: days === undefined ? null : Date.now() / 1000 + Number(days) * 86_400,
  };
}

function consentPage(view: ConsentView): string {
  const fields = Object.entries(view.hidden).map(([name, value]) => `<input name="${name}" value="${escape(value)}">`);
  const { client, request } = view.interaction;
  const shown = [client.name, request.redirectUri, request.transferScope?.join(' ') ?? '', view.problem ?? ''];
  return (
    `<form method="post" action="${view.action}">${fields.join('')}</form>` +
    `<p>${shown.map(escape).join('</p><p>')}</p>`
  );
}

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function openPool(connectionString: string): Pool {
  const pool = new pg.Pool({ connectionString, max: 12 });
  // an idle connection that the server closes is no failure of a test
  pool.on('error', () => undefined);
  return pool;
}
