import {
  createTestDatabase,
  type Embedded,
  sharedEmbedded,
  startEmbedded,
  type TestDatabase,
} from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { createAllowances, createRateLimits } from '@chatelaine/oauth-server-pg';
import { createOutbound } from '@chatelaine/outbound-http';
import type { FastifyInstance } from 'fastify';
import { Browser, type Documents, freePort, serveDocuments, spend, patience } from '@chatelaine/test-kit';
import { createApp } from '../../src/app.ts';
import { createPrisma } from '../../src/database.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { migrationDirs, openResources, type Resources } from '../../src/resources.ts';
import { type Connection, exchange, Requester, type RequesterOptions } from './requester.ts';
import { ScriptedHost } from './scripted-host.ts';

/** One AM process, and what it wrote to its log on purpose. */
export interface Am {
  readonly port: number;
  readonly app: FastifyInstance;
  readonly events: Record<string, unknown>[];
}

export interface AmOptions {
  /** Failures in a row after which a Host is left alone; tests of single answers do not want that. */
  readonly failuresToOpen?: number;
  /** Seconds it is then left alone. */
  readonly openSeconds?: number;
  /** Seconds that a transfer waits for a place at a Host. */
  readonly waitSeconds?: number;
  /** Seconds that all of hop 2 may take. */
  readonly hopSeconds?: number;
  /** Most database connections at once. */
  readonly connections?: number;
  /** Given its pool before it is used. */
  readonly onPool?: (pool: Pool) => void;
  /** Seconds a Host may take. */
  readonly callSeconds?: number;
  /** Refused requests of one source. */
  readonly refusalsPerMinute?: number;
  /** When what was left half done is taken up again. */
  readonly recovery?: Partial<Config['recovery']>;
  /** Transfers of one connection and of one Requester in a minute, where they are not as configured. */
  readonly transfers?: Partial<Config['limits']['transfers']>;
  /** What batch calls may take, where it is not as configured. */
  readonly batch?: Partial<Config['limits']['batch']>;
  /** Whatever else is configured in another way. */
  readonly config?: Partial<Config>;
  /** What happens to it where something durable is half done. */
  readonly failpoint?: Resources['failpoint'];
  /** The clock of the AM's processes that only goes forward. */
  readonly monotonic?: Resources['monotonic'];
  /** The database keeps the time of every commit: a server of its own, for that is settled when one starts. */
  readonly commitTimes?: boolean;
}

/** A person with an account at the AM. */
export interface Owner {
  readonly id: string;
  /** At the first process. */
  readonly browser: Browser;
}

/** An owner with one link and one connection. */
export interface Story {
  readonly owner: Owner;
  readonly linkId: string;
  readonly requester: Requester;
  readonly connection: Connection;
}

export type Answers = Readonly<Record<string, 'allow' | 'ask'>>;

/** Two AM processes on one database under one issuer, a scripted Host, and Requesters. */
export class House {
  readonly issuer: string;
  readonly ams: readonly [Am, Am];
  readonly host: ScriptedHost;
  /** Another Host. */
  readonly second: ScriptedHost;
  readonly documents: Documents;
  readonly database: TestDatabase;
  readonly embedded: Embedded;
  /** For arranging and for looking at what was stored. */
  readonly pool: Pool;
  readonly config: Config;
  readonly #closing: (() => Promise<unknown>)[];
  #people = 0;

  private constructor(parts: {
    config: Config;
    ams: readonly [Am, Am];
    host: ScriptedHost;
    second: ScriptedHost;
    documents: Documents;
    database: TestDatabase;
    embedded: Embedded;
    pool: Pool;
  }) {
    this.config = parts.config;
    this.issuer = parts.config.issuer;
    this.ams = parts.ams;
    this.host = parts.host;
    this.second = parts.second;
    this.documents = parts.documents;
    this.database = parts.database;
    this.embedded = parts.embedded;
    this.pool = parts.pool;
    this.#closing = parts.ams.map((am) => () => am.app.close());
  }

  static async build(options: AmOptions = {}): Promise<House> {
    const embedded = await (options.commitTimes === true
      ? startEmbedded({ settings: ['track_commit_timestamp=on'] })
      : sharedEmbedded());
    const [host, second, documents, port] = await Promise.all([
      ScriptedHost.start('photos'),
      ScriptedHost.start('pictures'),
      serveDocuments('reader'),
      freePort(),
    ]);
    const instances = [{ role: 'am', dirs: [...migrationDirs] }];
    const database = await createTestDatabase(embedded, { instances, apply: applyMigrations });
    const config = configFor({
      port,
      databaseUrl: database.url('am'),
      reachable: [host.issuer, second.issuer, documents.origin],
    });
    const other = { ...config, port: await freePort() };
    const ams = await spend('apps', () => Promise.all([startAm(config, options), startAm(other, options)]));
    const { text } = await exchange(port, { method: 'GET', path: '/jwks' });
    for (const each of [host, second]) each.trust({ issuer: config.issuer, jwks: JSON.parse(text) });
    const pool = openPool({ url: database.url('am'), name: 'test', patience: config.databasePatience });
    return new House({ config, ams, host, second, documents, database, embedded, pool });
  }

  /** Another AM process, closed with the house. */
  async another(options: AmOptions = {}): Promise<Am> {
    const am = await startAm({ ...this.config, port: await freePort() }, options);
    this.#closing.push(() => am.app.close());
    return am;
  }

  async owner(): Promise<Owner> {
    const username = `owner${++this.#people}`;
    const browser = new Browser(this.ams[0].port);
    await browser.signUp(username);
    const [row] = await this.rows<{ id: string }>('select id from account where username = $1', [username]);
    return { browser, id: row?.id ?? '' };
  }

  /** A link of this owner, made in the browser as "add a Host" makes it. */
  async link(owner: Owner, host: ScriptedHost = this.host): Promise<string> {
    const { browser } = owner;
    await browser.submit('/hosts/add', '/hosts/add', { host: host.issuer });
    const asked = host.pushed.at(-1)?.form;
    const callback = new URL(asked?.get('redirect_uri') ?? 'x:').pathname;
    const query = new URLSearchParams({ code: 'a-code', state: asked?.get('state') ?? '', iss: host.issuer });
    const answer = await browser.get(`${callback}?${query.toString()}`);
    const linkId = /\/hosts\?made=(\S+)$/.exec(answer.headers.location ?? '')?.[1];
    if (linkId === undefined) throw new Error(`the callback answered ${answer.status}`);
    return linkId;
  }

  requester(options: RequesterOptions = {}): Requester {
    return new Requester({ issuer: this.issuer, port: this.ams[0].port }, this.documents, options);
  }

  async connect(input: {
    owner: Owner;
    requester: Requester;
    linkId: string;
    answers: Answers;
    fields?: Readonly<Record<string, string>>;
  }): Promise<Connection> {
    const { owner, requester, linkId, answers } = input;
    const chosen = Object.entries(answers).map(([scope, effect]) => [`answer:${linkId}:${scope}`, effect]);
    const tokens = await requester.connect(owner.browser, { ...Object.fromEntries(chosen), ...input.fields });
    const [row] = await this.rows<{ id: string }>(
      'select id from connection where owner_id = $1 and client_id = $2 order by created_at desc limit 1',
      [owner.id, requester.clientId],
    );
    return { ...tokens, id: row?.id ?? '' };
  }

  /** A new owner with one link and one connection that may have `answers`. */
  async story(answers: Answers, options: RequesterOptions = {}): Promise<Story> {
    const owner = await this.owner();
    const linkId = await this.link(owner);
    const requester = this.requester(options);
    return { owner, linkId, requester, connection: await this.connect({ owner, requester, linkId, answers }) };
  }

  /** Another Requester, and its connection, beside those of a story: same owner, same link. */
  async beside(story: Story, answers: Answers, options: RequesterOptions = {}): Promise<Story> {
    const requester = this.requester(options);
    return { ...story, requester, connection: await this.connect({ ...story, requester, answers }) };
  }

  async rows<Row extends Record<string, unknown>>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, [...values])).rows;
  }

  /** The transfers of a connection, oldest first. */
  transfers(connection: Connection): Promise<{ state: string; error: string | null; policy_version: string }[]> {
    return this.rows('select * from transfer where connection_id = $1 order by started_at', [connection.id]);
  }

  /**
   * What must hold whatever a test did: every token minted at the Host has its row here, none was minted without one, no row is left open, and
   * the Host found nothing wrong with what it was sent.
   */
  async audit(): Promise<{ open: number; mintedWithoutRow: string[]; faults: readonly string[] }> {
    const rows = await this.rows<{ state: string; key: string }>(
      `select state, client_id || ' ' || coalesce(jkt, 'bearer') || ' ' || array_to_string(scopes, ' ') as key from transfer`,
    );
    const left = rows.map(({ key }) => key);
    const mintedWithoutRow = this.host.minted.flatMap(({ clientId, jkt, scope }) => {
      const key = `${clientId} ${jkt ?? 'bearer'} ${scope}`;
      const at = left.indexOf(key);
      if (at < 0) return [key];
      left.splice(at, 1);
      return [];
    });
    return { open: rows.filter(({ state }) => state === 'intent').length, mintedWithoutRow, faults: this.host.faults };
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
    await this.pool.end();
    await Promise.all([this.host.close(), this.second.close(), this.documents.close()]);
    await this.embedded.stop();
  }
}

const seconds = (quick: number): number => Math.ceil(patience(quick) / 1000);

/** Times for calls of Hosts that nothing here outlasts: what a test holds back stays under way until it says so, however busy the machine has become. */
const NEVER_LATE = { waitSeconds: seconds(60), hopSeconds: seconds(240), secondsPerBatchCall: seconds(480) };
/** The product's times for calls of Hosts, in the measure of this machine, for tests that see them pass. */
export const SLOWLY = { waitSeconds: seconds(1), hopSeconds: seconds(5) };

/** Hashing them as people need it was a fifth of what these tests cost; service-kit's tests say what people need. */
const QUICK_PASSWORDS = { memoryCost: 1_024 };

/** What {@link House.audit} finds when all is well. */
export const ALL_WELL = { open: 0, mintedWithoutRow: [], faults: [] };

async function startAm(given: Config, options: AmOptions): Promise<Am> {
  const { failuresToOpen = 1_000, openSeconds = 10 } = options;
  const { waitSeconds = NEVER_LATE.waitSeconds, hopSeconds = NEVER_LATE.hopSeconds } = options;
  const hostCalls = { ...given.limits.hostCalls, failuresToOpen, openSeconds, waitSeconds, hopSeconds };
  const batch = { ...given.limits.batch, secondsPerCall: NEVER_LATE.secondsPerBatchCall, ...options.batch };
  const transfers = { ...given.limits.transfers, ...options.transfers };
  const recovery = { ...given.recovery, ...options.recovery };
  const { refusals } = given.limits.oauth;
  const oauth = {
    ...given.limits.oauth,
    refusals: { ...refusals, points: options.refusalsPerMinute ?? refusals.points },
  };
  const config = {
    ...given,
    recovery,
    limits: { ...given.limits, hostCalls, batch, transfers, oauth },
    ...options.config,
  };
  const opened = await openResources(config);
  await opened.outbound.close();
  const outbound = createOutbound({
    exceptions: config.exceptions,
    demo: config.demo,
    ownNames: [new URL(config.issuer).hostname],
    timeouts: { callSeconds: options.callSeconds ?? NEVER_LATE.hopSeconds, connectSeconds: NEVER_LATE.hopSeconds },
  });
  const { failpoint = opened.failpoint, monotonic = opened.monotonic } = options;
  const resources = { ...opened, outbound, failpoint, monotonic, passwords: QUICK_PASSWORDS };
  if (options.connections !== undefined || options.onPool !== undefined) {
    await opened.prisma.$disconnect();
    await opened.pool.end();
    const { databaseUrl: url, databasePatience } = config;
    resources.pool = openPool({ url, name: 'am', max: options.connections ?? 16, patience: databasePatience });
    options.onPool?.(resources.pool);
    resources.rateLimits = createRateLimits(resources.pool);
    resources.allowances = createAllowances(resources.pool);
    resources.prisma = createPrisma(resources.pool, { schema: 'am', patience: databasePatience });
  }
  const app = await createApp(resources);
  const events: Record<string, unknown>[] = [];
  // what features say of their own accord; below its level a logger says nothing
  app.log.warn = (fields: unknown) => void events.push(fields as Record<string, unknown>);
  await app.listen({ host: config.listenAddress, port: config.port });
  return { port: config.port, app, events };
}

function configFor(input: { port: number; databaseUrl: string; reachable: readonly string[] }): Config {
  const config = readConfig({
    ISSUER: `http://am.localhost:${input.port}`,
    PORT: String(input.port),
    DATABASE_URL: input.databaseUrl,
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64url'),
    OUTBOUND_EXCEPTIONS: JSON.stringify(
      input.reachable.map((origin) => {
        const { hostname: host, port } = new URL(origin);
        return { host, port: Number(port), scheme: 'http', cidr: '127.0.0.1/32' };
      }),
    ),
    DEMO: 'true',
    DATABASE_PATIENCE: String(Math.ceil(patience(10) / 1000)),
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
    HOSTS_ADDED_PER_HOUR: '1000',
    // what looks after crashes now and then must not wait for the locks that tests hold, nor do their work for them
    RECOVERY_EVERY_SECONDS: '3600',
    REFUSALS_PER_MINUTE: '100000',
    REGISTRATIONS_PER_HOUR: '100000',
  });
  // the Host fails on purpose here, again and again: it is not to be left alone for that
  const hostCalls = { ...config.limits.hostCalls, failuresToOpen: Number.MAX_SAFE_INTEGER };
  return { ...config, limits: { ...config.limits, discoveryFailureSeconds: 0, hostCalls } };
}
