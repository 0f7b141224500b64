import {
  createTestDatabase,
  type Embedded,
  sharedEmbedded,
  startEmbedded,
  type TestDatabase,
} from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { Browser, type Documents, freePort, serveDocuments, spend } from '@chatelaine/test-kit';
import type { Config } from '../../src/config.ts';
import { migrationDirs } from '../../src/resources.ts';
import { type Am, type AmOptions, configFor, startAm } from './am-process.ts';
import { type Connection, exchange, Requester, type RequesterOptions } from './requester.ts';
import { ScriptedHost } from './scripted-host.ts';

/** A person with an account at the AM. */
export interface Owner {
  readonly id: string;
  readonly username: string;
  /** Talks to the first process. */
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
export class TestDeployment {
  readonly issuer: string;
  readonly ams: readonly [Am, Am];
  readonly host: ScriptedHost;
  /** Another Host. */
  readonly second: ScriptedHost;
  readonly documents: Documents;
  readonly database: TestDatabase;
  readonly embedded: Embedded;
  /** For setting up and inspecting what is stored. */
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

  static async build(options: AmOptions = {}): Promise<TestDeployment> {
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
      reachable: [host.issuer, second.issuer, documents.origin, ...(options.reachable ?? [])],
    });
    const other = { ...config, port: await freePort() };
    const ams = await spend('apps', () => Promise.all([startAm(config, options), startAm(other, options)]));
    const { text } = await exchange(port, { method: 'GET', path: '/jwks' });
    for (const each of [host, second]) each.trust({ issuer: config.issuer, jwks: JSON.parse(text) });
    const pool = openPool({ url: database.url('am'), name: 'test', patience: config.databasePatience });
    return new TestDeployment({ config, ams, host, second, documents, database, embedded, pool });
  }

  /** Starts another AM process, which is closed with the deployment. */
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
    return { username, browser, id: row?.id ?? '' };
  }

  /** A link of this owner, made in the browser through "add a Host". */
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

  /** A new owner with one link and one connection, to which they gave these `answers`. */
  async story(answers: Answers, options: RequesterOptions = {}): Promise<Story> {
    const owner = await this.owner();
    const linkId = await this.link(owner);
    const requester = this.requester(options);
    return { owner, linkId, requester, connection: await this.connect({ owner, requester, linkId, answers }) };
  }

  /** Another Requester, connected to the same link of the same owner. */
  async beside(story: Story, answers: Answers, options: RequesterOptions = {}): Promise<Story> {
    const requester = this.requester(options);
    return { ...story, requester, connection: await this.connect({ ...story, requester, answers }) };
  }

  async rows<Row extends Record<string, unknown>>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, [...values])).rows;
  }

  /** The transfers of a connection that were begun, oldest first, without those refused before the Host was asked. */
  transfers(connection: Connection): Promise<{ state: string; error: string | null; policy_version: string }[]> {
    return this.rows(
      `select * from transfer where connection_id = $1
        and (state <> 'refused' or error in ('denied', 'bad_scope', 'bad_target', 'broken'))
       order by started_at`,
      [connection.id],
    );
  }

  /**
   * What must hold after every test: every token that the Host issued has its row here, no row is left open, and the
   * Host found nothing wrong with what it was sent.
   */
  async audit(): Promise<{ open: number; mintedWithoutRow: string[]; faults: readonly string[] }> {
    const rows = await this.rows<{ state: string; key: string }>(
      `select state, client_id || ' ' || coalesce(jkt, 'bearer') || ' ' || array_to_string(scopes, ' ') as key
        from transfer`,
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

/** What {@link TestDeployment.audit} finds when all is well. */
export const CLEAN_AUDIT = { open: 0, mintedWithoutRow: [], faults: [] };
