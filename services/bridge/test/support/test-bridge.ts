import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ServiceProcess, serviceProcess, startKeeper } from '@chatelaine/constellation';
import { createInstance, type Embedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import { definitionOf, type OAuth1Service, type OAuth2Service } from '@chatelaine/stand-in-services';
import { Browser, encodeForm, FORM, freePort, hiddenFields, send, type Answer, clock } from '@chatelaine/test-kit';
import type { FastifyInstance } from 'fastify';
import { createApp, openServices, openOutbound } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { migrationDirs } from '../../src/migration-dirs.ts';
import { type TestAm } from './test-am.ts';

/** A service that the bridge of a test knows. */
export interface Known {
  readonly id: string;
  readonly version: '2.0' | '1.0a';
  readonly title?: string;
  readonly port: number;
  readonly client?: { readonly id: string; readonly secret: string };
  /** Instead of the stand-in's usual one. */
  readonly definition?: string;
}

/** The service, listening, on a database of its own. */
export interface TestBridge {
  readonly issuer: string;
  readonly port: number;
  readonly app: FastifyInstance;
  readonly pool: Pool;
  /** What it was configured with, but for the port. */
  readonly variables: Readonly<Record<string, string>>;
  readonly log: () => string;
  browser(): Browser;
  /** The same bridge once more, in this process. */
  replica(): Promise<TestBridge>;
  /** … and as a process of its own, which can be killed. */
  process(): Promise<ServiceProcess>;
  close(): Promise<void>;
}

export const CLIENT = { id: 'bridge-at-the-stand-in', secret: 'client-secret-of-the-bridge' };
export const callbackAt = (issuer: string, service: string): string => `${issuer}/services/${service}/callback`;
export const originOf = (id: string, port: number): string => `http://${id}.localhost:${port}`;

export interface BridgeInput {
  readonly embedded: Embedded;
  readonly am: TestAm;
  readonly known: readonly Known[];
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startBridge({ embedded, am, known, env = {}, ...input }: BridgeInput): Promise<TestBridge> {
  const { url } = await createInstance(embedded, { role: 'bridge', dirs: migrationDirs, apply: applyMigrations });
  const port = input.port ?? (await freePort());
  const issuer = `http://bridge.localhost:${port}`;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definitions-'));
  for (const { id, version, title = `Stand-in ${version}`, port: at, definition } of known)
    fs.writeFileSync(
      path.join(folder, `${id}.yaml`),
      definition ?? definitionOf({ version, title, origin: originOf(id, at) }),
    );
  const at = (host: string, other: number) => ({ host, port: other, scheme: 'http', cidr: '127.0.0.1/32' });
  const variables = {
    ISSUER: issuer,
    DATABASE_URL: url,
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    DEFINITIONS: folder,
    CLIENTS: JSON.stringify(Object.fromEntries(known.map(({ id, client = CLIENT }) => [id, client]))),
    OUTBOUND_EXCEPTIONS: JSON.stringify([
      at('am.localhost', am.port),
      ...known.map(({ id, port: other }) => at(`${id}.localhost`, other)),
    ]),
    DEMO: 'true',
    LOG_LEVEL: 'debug',
    REFUSALS_PER_MINUTE: '1000000',
    SIGN_UPS_PER_HOUR: '1000000',
    ...env,
  };
  const lines: string[] = [];
  const keeper = startKeeper();
  const processes: ServiceProcess[] = [];
  const logDir = fs.mkdtempSync(path.join(os.tmpdir(), 'bridge-logs-'));
  const startProcess = async (): Promise<ServiceProcess> => {
    const name = `bridge-${processes.length}`;
    const process = serviceProcess({ name, service: 'bridge', env: variables, mode: 'built', logDir, keeper });
    processes.push(process);
    await process.start();
    return process;
  };
  const start = async (listenAt: number): Promise<TestBridge> => {
    const config = readConfig({ ...variables, PORT: String(listenAt) });
    const pool = openPool({ url, name: 'bridge' });
    const services = await openServices(config);
    const app = await createApp({
      config,
      clock,
      pool,
      outbound: openOutbound(config),
      services,
      logDestination: { write: (line: string) => void lines.push(line) },
    });
    await app.listen({ host: config.listenAddress, port: listenAt });
    return {
      issuer,
      port: listenAt,
      app,
      pool,
      variables,
      log: () => lines.join(''),
      browser: () => new Browser(listenAt, { headers: { accept: 'text/html' } }),
      replica: async () => start(await freePort()),
      process: startProcess,
      close: () => app.close(),
    };
  };
  const first = await start(port);
  return {
    ...first,
    async close() {
      await Promise.all(processes.map((process) => process.stop()));
      keeper.dismiss();
      await first.close();
      for (const made of [folder, logDir]) fs.rmSync(made, { recursive: true });
    },
  };
}

/**
 * What a person does at a stand-in: opens its page, chooses an account, and says yes or no. Where they are sent back
 * to, as a path.
 */
export async function agreeAt(
  service: Pick<OAuth2Service | OAuth1Service, 'port'>,
  address: string,
  { account = 'ada', answer = 'yes' }: { account?: string; answer?: string } = {},
): Promise<string> {
  const { pathname, search } = new URL(address);
  const page = await send(service.port, { path: `${pathname}${search}` });
  const body = encodeForm({ ...hiddenFields(page.text), account, answer });
  const back = await send(service.port, { method: 'POST', path: '/agree', headers: { 'content-type': FORM }, body });
  const to = new URL(back.headers.location ?? '');
  return `${to.pathname}${to.search}`;
}

/** Where the bridge sends a browser that wants to connect a service. */
export async function startConnecting(browser: Browser, service: string): Promise<string> {
  const page = await browser.submit('/services', `/services/${service}/connect`, {});
  const [, href = ''] = /<a class="button" href="([^"]+)"/.exec(page.text) ?? [];
  return href.replaceAll('&amp;', '&');
}

/** Connects a service, as a person does. */
export async function connectService(
  browser: Browser,
  service: string,
  at: Pick<OAuth2Service | OAuth1Service, 'port'>,
  account = 'ada',
): Promise<Answer> {
  return browser.get(await agreeAt(at, await startConnecting(browser, service), { account }));
}
