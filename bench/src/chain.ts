import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { addHost, createPerson, freePorts, type Person, RUNTIME, signUp } from '@chatelaine/constellation';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import { type Child, startChild, type Usage } from './child.ts';
import { REDIRECT_URI } from './code.ts';
import { connect, registered, type Tokens } from './connection.ts';
import { type Endpoint, type Party, type Prepared, prepare } from './requests.ts';
import type { Subject } from './steps.ts';

/**
 * A real AM and a real Host, one process each, with a link and a connection: a transfer is a request to the AM, which
 * asks the Host.
 */
export interface Chain extends Subject {
  readonly am: Service;
  readonly host: Service;
  /** The owner, signed in at both. */
  readonly person: Person;
  readonly party: Party;
  /** The tokens of the first connection. */
  readonly tokens: Tokens;
  /** Prepares transfers; by default those of the first connection, to the chain's Host. */
  transfers(
    count: number,
    of?: { access?: string; party?: Party; host?: Pick<Endpoint, 'issuer'> },
  ): Promise<readonly Prepared[]>;
  stop(): Promise<void>;
}

export interface ChainOptions {
  readonly databaseUrl: (role: string) => string;
  /** A folder for `am.log` and `host.log`, with a line for each request; by default nothing is written. */
  readonly logs?: string;
  /** Other Hosts, which the AM may call and the owner links without further interaction. */
  readonly beside?: readonly Beside[];
  /** Other addresses that the AM and the Host may call; nobody links them. */
  readonly strangers?: readonly Place[];
  /** More environment variables for the AM. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ports for the AM and the Host; by default free ones. */
  readonly ports?: readonly number[];
}

export interface Beside extends Endpoint {
  readonly name: string;
}

export interface Service extends Endpoint {
  readonly child: Child;
}

const root = path.join(import.meta.dirname, '../..');
const DELEGATED = 'entries.read';

export async function startChain({
  databaseUrl,
  logs,
  beside = [],
  strangers = [],
  env = {},
  ports,
}: ChainOptions): Promise<Chain> {
  const [amPort = 0, hostPort = 0] = ports ?? (await freePorts(2));
  const plan = { am: { name: 'am', port: amPort }, host: { name: 'photos', port: hostPort } };
  const am = startService('am', { ...plan.am, databaseUrl, logs, calls: [plan.host, ...beside, ...strangers], env });
  const host = startService('host', { ...plan.host, databaseUrl, logs, calls: [plan.am, ...strangers] });
  await Promise.all([ready(am), ready(host)]);
  const person = createPerson({ stopsAt: [REDIRECT_URI] });
  for (const { issuer } of [am, host]) await signUp(person, issuer);
  await addHost(person, { am: { url: am.issuer }, host: { url: host.issuer } });
  for (const other of beside) await addBeside(person, am, other);
  const party = await registered(am);
  const tokens = await connect(person, am, party);
  const transfer = (access: string, { issuer }: Pick<Endpoint, 'issuer'>) => ({
    path: '/token',
    form: {
      grant_type: GRANT.tokenExchange,
      subject_token: access,
      subject_token_type: TOKEN_TYPE.accessToken,
      resource: `${issuer}/api`,
      scope: DELEGATED,
    },
    proof: 'with proof' as const,
  });
  const transfers: Chain['transfers'] = (count, of = {}) => {
    const { access = tokens.access, party: by = party, host: at = host } = of;
    return Promise.all(Array.from({ length: count }, () => prepare(am, by, transfer(access, at))));
  };
  return {
    am,
    host,
    person,
    party,
    tokens,
    transfers,
    port: am.port,
    usage: async () => together(await am.child.usage(), await host.child.usage()),
    requests: (count) => transfers(count),
    keep: () => undefined,
    stop: async () => {
      await person.close();
      await Promise.all([am.child.stop(), host.child.stop()]);
    },
  };
}

/** Links this Host, which asks the owner nothing. */
export async function addBeside(person: Person, am: Endpoint, { issuer }: Beside): Promise<void> {
  await person.visit(`${am.issuer}/hosts/add`);
  await person.press('Continue', { host: issuer });
  await person.follow(/^Continue to /);
}

function together(am: Usage, host: Usage): Usage {
  const named = (name: string, { statements }: Usage) =>
    Object.entries(statements).map(([statement, count]) => [`${name}: ${statement}`, count] as const);
  return { statements: Object.fromEntries([...named('AM', am), ...named('Host', host)]), cpuMs: am.cpuMs + host.cpuMs };
}

export interface Place {
  readonly name: string;
  readonly port: number;
}

interface ServiceInput extends Place {
  readonly databaseUrl: (role: string) => string;
  readonly logs: string | undefined;
  readonly calls: readonly Place[];
  readonly env?: Readonly<Record<string, string>>;
}

function startService(service: 'am' | 'host', input: ServiceInput): Service {
  const { name, port, calls, env = {} } = input;
  const issuer = `http://${name}.localhost:${port}`;
  const exceptions = calls.map((one) => ({
    host: `${one.name}.localhost`,
    port: one.port,
    scheme: 'http',
    cidr: '127.0.0.0/8',
  }));
  const cwd = path.join(root, 'services', service);
  const child = startChild({
    // not the bundle: its copy of pg cannot be reached to count statements, and its profile tells no modules apart
    main: path.join(cwd, 'dist/main.js'),
    cwd,
    flags: RUNTIME.flags,
    env: {
      ...RUNTIME.env,
      NODE_ENV: 'production',
      NAME: name,
      ISSUER: issuer,
      PORT: String(port),
      DATABASE_URL: input.databaseUrl(name),
      ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
      OUTBOUND_EXCEPTIONS: JSON.stringify(exceptions),
      DEMO: 'true',
      LOG_LEVEL: input.logs === undefined ? 'error' : 'info',
      ...(service === 'host' && { FLAVOR: 'photos' }),
      ...env,
    },
    ...(input.logs !== undefined && { output: path.join(input.logs, `${service}.log`) }),
  });
  return { issuer, port, child };
}

async function ready({ port, issuer }: Service): Promise<void> {
  for (let tries = 0; tries < 4_000; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok === true) return;
    await pause(25);
  }
  throw new Error(`${issuer} did not get ready. Is it built?`);
}
