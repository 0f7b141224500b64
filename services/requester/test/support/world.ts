import type { AddressInfo } from 'node:net';
import { createTestDatabase, type Embedded, sharedEmbedded, type TestDatabase } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/postgres';
import { type Answer, Browser } from '@chatelaine/test-kit';
import pg from 'pg';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { migrationDirs, openDeps } from '../../src/deps.ts';
import { type TestDeployment, startDeployment } from './deployment.ts';

/** The service under test with a real database, in a deployment of an AM and two Hosts. */
export interface World {
  readonly deployment: TestDeployment;
  readonly database: TestDatabase;
  readonly embedded: Embedded;
  /** Another process of the service, as far as it can be told: same database, nothing shared in memory. */
  start(change?: Record<string, string>): Promise<string>;
  /** What Fastify prints of the routes of the first process. */
  routes(): string;
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export const ISSUER = 'http://lifestream.localhost:4820';

/** @param postgres one that this test may crash; stopped with the rest */
export async function startWorld(postgres?: Embedded): Promise<World> {
  const embedded = postgres ?? (await sharedEmbedded());
  const instances = [{ role: 'lifestream', dirs: migrationDirs }];
  const database = await createTestDatabase(embedded, { instances, apply: applyMigrations });
  const origins: string[] = [];
  let printed = '';
  const closers: (() => Promise<void>)[] = [];
  const deployment = await startDeployment(() => origins[0] ?? '');
  const sql = new pg.Pool({ connectionString: database.url('lifestream'), max: 1 });
  // Postgres may stop before the pool has said goodbye
  sql.on('error', () => undefined);
  return {
    deployment,
    database,
    embedded,
    async start(change = {}) {
      const config = readConfig({
        ISSUER,
        PORT: '0',
        DATABASE_URL: database.url('lifestream'),
        ENCRYPTION_KEY: Buffer.alloc(32, 5).toString('base64url'),
        OUTBOUND_EXCEPTIONS: JSON.stringify(deployment.exceptions),
        DEMO: 'true',
        LOG_LEVEL: 'silent',
        ...change,
      });
      const app = await createApp(await openDeps(config));
      closers.push(() => app.close());
      await app.ready();
      printed ||= app.printRoutes({ commonPrefix: false });
      await app.listen({ host: '127.0.0.1', port: 0 });
      const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
      origins.push(origin);
      return origin;
    },
    routes: () => printed,
    sql: async (text, values = []) => (await sql.query<Record<string, unknown>>(text, [...values])).rows,
    async close() {
      await Promise.all(closers.map((close) => close()));
      await deployment.close();
      await sql.end();
      await embedded.stop();
    },
  };
}

let people = 0;

/** Somebody with a new account, signed in. */
export const signUp = (origin: string): Promise<Browser> => new Browser(origin).signUp(`kim${++people}`);

/** Where "Continue" on the page leads. */
export function authorizationUrlOf(page: Answer): string {
  const href = /href="([^"]*request_uri[^"]*)"/.exec(page.text)?.[1];
  if (href === undefined) throw new Error(`no link to the AM: ${page.status} ${page.words}`);
  return href.replaceAll('&amp;', '&');
}

/** Connects the deployment's AM. */
export async function connectAm(deployment: TestDeployment, browser: Browser): Promise<Answer> {
  const started = await browser.submit('/connect', '/connect', { am: deployment.am });
  return browser.get(deployment.agree(authorizationUrlOf(started)));
}
