import { createDpopProof, type SigningKey } from '@chatelaine/crypto';
import type { HostOptions } from '../../src/index.ts';
import { chatelaineHost } from '../../src/index.ts';
import Fastify, { type FastifyInstance } from 'fastify';
import { parseCookie } from 'cookie';
import pg from 'pg';
import { type Answer, Browser, freePort, send, type Sent, clock } from '@chatelaine/test-kit';
import { requesterKey, type TestAm } from './test-am.ts';

/** A function if the options contain the issuer, whose port is known only at start. */
export type TestHostOptions = Partial<HostOptions> | ((issuer: string) => Partial<HostOptions>);

/** An existing app with its own accounts, made a Host. */
export class TestHost {
  readonly issuer: string;
  readonly port: number;
  readonly app: FastifyInstance;
  readonly pool: pg.Pool;

  private constructor(port: number, issuer: string, app: FastifyInstance, pool: pg.Pool) {
    this.port = port;
    this.issuer = issuer;
    this.app = app;
    this.pool = pool;
  }

  /** `sameAs`: starts another process of that Host, behind the same issuer and on the same database. */
  static async start(input: {
    database: string;
    ams: readonly TestAm[];
    options?: TestHostOptions;
    /** Further routes that require `entries.read`. */
    paths?: readonly string[];
    sameAs?: TestHost;
    name?: string;
    /** Receives the pool before it is used. */
    onPool?: (pool: pg.Pool) => void;
  }): Promise<TestHost> {
    const port = await freePort();
    const issuer = input.sameAs?.issuer ?? `http://${input.name ?? 'photos'}.localhost:${port}`;
    const pool = new pg.Pool({ connectionString: input.database, max: 10 });
    pool.on('error', () => undefined);
    input.onPool?.(pool);
    const app = Fastify({ pluginTimeout: 0 });
    await app.register(chatelaineHost, {
      issuer,
      name: 'Photos',
      pool,
      scopes: {
        'entries.read': { sentence: 'Read your entries', access: 'read' },
        'entries.write': 'Add entries for you',
      },
      owner: (request) => {
        const { user } = parseCookie(request.headers.cookie ?? '');
        return user === undefined ? null : { id: user, label: `${user} at Photos` };
      },
      signInUrl: (returnTo) => `/sign-in?return_to=${encodeURIComponent(returnTo)}`,
      demo: true,
      outboundExceptions: input.ams.map((am) => ({
        host: 'am.localhost',
        port: am.port,
        scheme: 'http' as const,
        cidr: '127.0.0.1/32',
      })),
      limits: {
        registration: { name: 'register', points: 1000, perSeconds: 60 },
        refusals: { name: 'refusal', points: 100_000, perSeconds: 60 },
      },
      migrate: false,
      ...(typeof input.options === 'function' ? input.options(issuer) : input.options),
    });
    app.get('/api/entries', { preHandler: app.chatelaine.requireScope('entries.read') }, async (request) => ({
      access: request.chatelaine,
    }));
    app.post('/api/entries', { onRequest: app.chatelaine.requireScope('entries.write') }, async (_request, reply) =>
      reply.code(201).send({ id: 'e1' }),
    );
    app.put(
      '/api/entries',
      { onRequest: app.chatelaine.requireScope(['entries.read', 'entries.write']) },
      async () => ({}),
    );
    for (const path of input.paths ?? [])
      app.get(path, { onRequest: app.chatelaine.requireScope('entries.read') }, async () => ({ path }));
    app.get('/api/long', { onRequest: app.chatelaine.requireScope('entries.read') }, async (request) => {
      const before = await app.chatelaine.isStillGood(request);
      await app.chatelaine.withdraw(request.chatelaine.owner, ['entries.read']);
      return { before, after: await app.chatelaine.isStillGood(request) };
    });
    app.get('/api/open', async (request) => ({ access: request.chatelaine }));
    await app.listen({ host: '127.0.0.1', port });
    return new TestHost(port, issuer, app, pool);
  }

  /** A browser in which this user is signed in, or nobody. */
  browser(user?: string): Browser {
    return new Browser(this.port, { cookies: user === undefined ? [] : [['user', user]] });
  }

  /** Calls the Host's API as the Requester, with a good proof unless `headers` brings its own. */
  async call(token: string, input: Partial<Sent> & { key?: SigningKey; proof?: string } = {}): Promise<Answer> {
    const { method = 'GET', path = '/api/entries', headers = {} } = input;
    const proof =
      input.proof ??
      (await this.proof(token, { method, path, ...(input.key === undefined ? {} : { key: input.key }) }));
    return send(this.port, { method, path, headers: { authorization: `DPoP ${token}`, dpop: proof, ...headers } });
  }

  proof(
    token: string,
    input: { method?: string; path?: string; key?: SigningKey; issuer?: string } = {},
  ): Promise<string> {
    const { method = 'GET', path = '/api/entries', key = requesterKey, issuer = this.issuer } = input;
    return createDpopProof({ key, htm: method, htu: `${issuer}${path}`, accessToken: token, clock });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.pool.end();
  }
}
