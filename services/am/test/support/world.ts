import { randomBytes } from 'node:crypto';
import { createTestDatabase, type Embedded, sharedEmbedded, type TestDatabase } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { bucketOf } from '@chatelaine/crypto';
import type { FastifyInstance } from 'fastify';
import { Browser, freePort, patience, spend } from '@chatelaine/test-kit';
import { createApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { migrationDirs, openResources } from '../../src/resources.ts';
import { startTestHost, type TestHost } from './test-host.ts';

export { eventually } from '@chatelaine/test-kit';

/** One AM process. */
export interface Replica {
  readonly port: number;
  readonly app: FastifyInstance;
  close(): Promise<void>;
}

export interface World {
  readonly config: Config;
  readonly issuer: string;
  readonly embedded: Embedded;
  readonly database: TestDatabase;
  /** With the AM's role; for setting up and inspecting what is stored. */
  readonly pool: Pool;
  /** The first process. */
  readonly am: Replica;
  readonly host: TestHost;
  /** Starts another process on the same database. */
  replica(over?: Partial<Config>): Promise<Replica>;
  /** A new person, signed in. */
  person(): Promise<Person>;
  close(): Promise<void>;
}

export interface Person {
  readonly browser: Browser;
  readonly ownerId: string;
}

export interface WorldOptions {
  readonly limits?: Partial<Config['limits']>;
  /** Further Hosts that outgoing calls may reach. */
  readonly hosts?: readonly TestHost[];
  /** A Postgres of its own, which the test may crash; stopped with the rest. */
  readonly postgres?: Embedded;
}

/** An AM over real HTTP with a database of its own, and a scripted Host. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const embedded = options.postgres ?? (await sharedEmbedded());
  const instances = [{ role: 'am', dirs: [...migrationDirs] }];
  const database = await createTestDatabase(embedded, { instances, apply: applyMigrations });
  const host = await startTestHost('photos');
  const port = await freePort();
  const config = configFor({ port, databaseUrl: database.url('am'), hosts: [host, ...(options.hosts ?? [])] });
  const checkpoints = { everySeconds: 3_600, afterSeconds: 0 };
  const withLimits = {
    ...config,
    checkpoints,
    limits: { ...config.limits, discoveryFailureSeconds: 0, ...options.limits },
  };
  const pool = openPool({ url: database.url('am'), name: 'test', patience: config.databasePatience });
  const replicas: Replica[] = [];
  const replica = async (over: Partial<Config> = {}): Promise<Replica> => {
    const started = await startReplica({
      ...withLimits,
      port: replicas.length === 0 ? port : await freePort(),
      ...over,
    });
    replicas.push(started);
    return started;
  };
  const am = await replica();
  let people = 0;
  return {
    config: withLimits,
    issuer: config.issuer,
    embedded,
    database,
    pool,
    am,
    host,
    replica,
    async person() {
      const username = `person${++people}`;
      const browser = new Browser(am.port);
      await browser.signUp(username);
      const { rows } = await pool.query<{ id: string }>('select id from account where username = $1', [username]);
      return { browser, ownerId: rows[0]?.id ?? '' };
    },
    async close() {
      for (const one of replicas) await one.close();
      await pool.end();
      await host.stop();
      await database.drop();
      await embedded.stop();
    },
  };
}

async function startReplica(config: Config): Promise<Replica> {
  const app = await spend('apps', async () => createApp(await openResources(config)));
  await app.listen({ host: config.listenAddress, port: config.port });
  let closing: Promise<void> | undefined;
  return { port: config.port, app, close: () => (closing ??= Promise.resolve(app.close())) };
}

export function configFor(input: { port: number; databaseUrl: string; hosts: readonly TestHost[] }): Config {
  return readConfig({
    ISSUER: `http://am.localhost:${input.port}`,
    PORT: String(input.port),
    DATABASE_URL: input.databaseUrl,
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    OUTBOUND_EXCEPTIONS: JSON.stringify(
      input.hosts.map((host) => ({
        host: new URL(host.issuer).hostname,
        port: host.port,
        scheme: 'http',
        cidr: '127.0.0.1/32',
      })),
    ),
    DEMO: 'true',
    DATABASE_PATIENCE: String(Math.ceil(patience(10) / 1000)),
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
    HOSTS_ADDED_PER_HOUR: '1000',
    // a test of recovery sets this for one process; otherwise a second one would sometimes do the work twice
    RECOVERY_EVERY_SECONDS: '3600',
  });
}

/** Starts "add a Host"; where the browser would go, and what the Host's answer must bring back. */
export async function startLink(
  person: Person,
  host: TestHost,
): Promise<{ callback: string; state: string; authorizationUrl: string }> {
  const page = await person.browser.submit('/hosts/add', '/hosts/add', { host: host.issuer });
  const authorizationUrl = /href="([^"]*authorize[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
  if (page.status !== 200 || authorizationUrl === undefined)
    throw new Error(`add a Host answered ${page.status}: ${page.words}`);
  const pushed = host.callsOf('/par').at(-1)?.form;
  return {
    authorizationUrl,
    callback: new URL(pushed?.get('redirect_uri') ?? '').pathname,
    state: pushed?.get('state') ?? '',
  };
}

/** A link of this person, made over HTTP. */
export async function makeLink(world: World, person: Person, host = world.host): Promise<string> {
  const { callback, state } = await startLink(person, host);
  const answer = await person.browser.get(
    `${callback}?${new URLSearchParams({ code: 'a-code', state, iss: host.issuer }).toString()}`,
  );
  const linkId = /\/hosts\?made=(\S+)$/.exec(answer.headers.location ?? '')?.[1];
  if (linkId === undefined) throw new Error(`the callback answered ${answer.status}: ${answer.words}`);
  return linkId;
}

/** A connection as consent leaves it: the AM's rows and the kernel's grant. */
export async function makeConnection(
  world: World,
  person: Person,
  linkIds: readonly string[],
): Promise<{ id: string; grantIds: string[] }> {
  const id = `con_${randomBytes(8).toString('hex')}`;
  const { ownerId } = person;
  await world.pool.query(
    `insert into connection (id, owner_id, client_id, client_name)
      values ($1, $2, 'https://reader.example/client', 'Reader')`,
    [id, ownerId],
  );
  const grantIds: string[] = [];
  for (const linkId of linkIds) {
    const grantId = randomBytes(16).toString('base64url');
    await world.pool.query(
      `insert into connection_host (connection_id, host_id, link_id, scopes, grant_id)
        select $1, host_id, id, array['photos.read'], $3 from link where id = $2`,
      [id, linkId, grantId],
    );
    grantIds.push(grantId);
  }
  await world.pool.query(
    `insert into oauth_grant (bucket, id, client_id, subject, scope)
      values ($1, $2, 'https://reader.example/client', $3, array['transfer'])`,
    [bucketOf(ownerId), id, ownerId],
  );
  return { id, grantIds };
}
