import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createTestDatabase, type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/postgres';
import { createLocalAuthority, spend } from '@chatelaine/test-kit';
import { createPerson, type Person, type PersonOptions } from './browser/person.ts';
import { type Database, openDatabase } from './database.ts';
import { type Guest, planGuests } from './guests.ts';
import { type DeployedService, startDeployment } from './deployment.ts';
import { createLoopbackFetch, type LoopbackFetch } from './loopback-fetch.ts';
import { type Flavor, type Plan, planDeployment, ROLES, type RequesterName } from './plan.ts';
import { createRecorder, type Recording } from './recording.ts';
import { root } from './root.ts';
import type { ServiceProcess, ServiceProcessOptions } from './service-process.ts';

/** A Host of the constellation. */
export interface RunningHost extends DeployedService {
  /** `<issuer>/api` */
  readonly resource: string;
}

/** A whole deployment for one test file: real processes, real database, real HTTP. */
export interface Constellation {
  readonly am: DeployedService;
  /** All services, the AM first. */
  readonly services: readonly DeployedService[];
  readonly hosts: readonly RunningHost[];
  /** The first Requester. Throws if there is none. */
  readonly requester: DeployedService;
  requesterNamed(name: RequesterName): DeployedService;
  readonly guests: readonly Guest[];
  host(name: Flavor): RunningHost;
  guest(name: string): Guest;
  /** `fetch` that finds `*.localhost` on this machine. */
  readonly fetch: typeof globalThis.fetch;
  /** `fetch` that sends everything to one process, without the proxy: `only(am.processes[1])`. */
  only(process: { readonly port: number }): typeof globalThis.fetch;
  /** A person with a browser, which is closed with the constellation. */
  person(options?: PersonOptions): Person;
  /** For assertions about what is stored. */
  readonly database: Database;
  /** To crash and restart. */
  readonly postgres: Embedded;
  /** Records all requests between services, and from tests, from now on. */
  record(): Recording;
  /** The end of each process's log, for the message of a failing test. */
  logs(): string;
  /** Stops everything; rejects if a process did not end in order. */
  stop(): Promise<void>;
}

export interface ConstellationOptions {
  /** Processes of the AM; 2 by default, so that nothing can depend on one process's memory by accident. */
  ams?: number;
  hosts?: readonly Flavor[];
  /** Processes of a bridge; 0 by default. */
  bridges?: number;
  requester?: boolean;
  /** By name; Lifestream alone by default. */
  requesters?: readonly RequesterName[];
  /**
   * Names of servers that the test runs itself: each gets `<name>.localhost`, a free port, and an outbound exception at
   * all services.
   */
  guests?: readonly string[];
  /** The same with https, by certificates of an authority of this deployment, which all services trust. */
  secureGuests?: readonly string[];
  /** Ports by name, of services and guests; all others get free ones. */
  ports?: Readonly<Record<string, number>>;
  /**
   * Host names by name, of services and guests, instead of `<name>.localhost`: for clients that accept http at
   * `localhost` and `127.0.0.1` only.
   */
  hostnames?: Readonly<Record<string, string>>;
  /** Further variables of a service, or other values. */
  env?: (plan: Plan) => Readonly<Record<string, string>>;
  logLevel?: string;
  /** How a process is run; by default on this machine. */
  run?: (options: ServiceProcessOptions) => ServiceProcess;
  /**
   * A server of the test's own, which it may crash; it is stopped with the rest. By default the one that all test files
   * of this process share.
   */
  postgres?: Embedded;
  /** Name of the folder of logs below .run/logs; by default the process id. */
  label?: string;
}

/** The migrations that a service applies when it starts: the kernel's, those of accounts and keys, and its own. */
const migrationsOf = (service: Plan['service']): string[] =>
  ['packages/oauth-server-pg', 'packages/accounts', 'packages/keys', `services/${service}`].map((folder) =>
    path.join(root, folder, 'prisma/migrations'),
  );

/** Starts a constellation. One per test file; `stop` it in `afterAll`. */
export async function startConstellation(options: ConstellationOptions = {}): Promise<Constellation> {
  const postgres = options.postgres ?? (await sharedEmbedded());
  const plan = await planDeployment(options);
  const { guests: open = [], secureGuests = [] } = options;
  const authority = createLocalAuthority();
  const guests = await planGuests({
    guests: open,
    secureGuests,
    authority,
    ...(options.ports && { ports: options.ports }),
    ...(options.hostnames && { hostnames: options.hostnames }),
  });
  // all roles, whichever are needed here, so that one template serves all test files of a worker; services then find
  // nothing to migrate
  const test = await createTestDatabase(postgres, {
    instances: ROLES.map(({ name, service }) => ({ role: name, dirs: migrationsOf(service) })),
    apply: applyMigrations,
  });
  const keys = new Map(plan.map(({ name }) => [name, randomBytes(32).toString('base64url')]));
  const start = () =>
    startDeployment({
      plan,
      guests,
      ...(secureGuests.length > 0 && { authority }),
      databaseUrl: test.url,
      encryptionKey: (name) => keys.get(name) ?? '',
      logDir: path.join(root, '.run/logs', options.label ?? String(process.pid)),
      ...(options.env !== undefined && { env: options.env }),
      ...(options.run !== undefined && { run: options.run }),
      ...(options.logLevel !== undefined && { logLevel: options.logLevel }),
    });
  const deployment = await spend('processes', start).catch(async (error: unknown) => {
    await postgres.stop();
    throw error;
  });
  const database = openDatabase(test.url);
  return assemble({
    services: deployment.services,
    guests,
    ca: authority.ca,
    postgres,
    database,
    async stop() {
      await database.close();
      await deployment.stop().finally(postgres.stop);
    },
  });
}

interface Parts {
  services: readonly DeployedService[];
  guests: readonly Guest[];
  ca: string;
  postgres: Embedded;
  database: Database;
  stop(): Promise<void>;
}

function assemble({ services, guests, ca, postgres, database, stop }: Parts): Constellation {
  const ways: LoopbackFetch[] = [];
  const people: Person[] = [];
  const way = (port?: number): typeof globalThis.fetch => {
    const made = createLoopbackFetch({ ca, ...(port !== undefined && { port }) });
    ways.push(made);
    return made.fetch;
  };
  const hosts = services
    .filter(({ service }) => service === 'host')
    .map((host) => ({ ...host, resource: `${host.url}/api` }));
  return {
    am: found(
      services.find(({ service }) => service === 'am'),
      'AM',
    ),
    hosts,
    get requester() {
      return found(
        services.find(({ service }) => service === 'requester'),
        'Requester',
      );
    },
    requesterNamed: (name) =>
      found(
        services.find((it) => it.service === 'requester' && it.name === name),
        name,
      ),
    services,
    guests,
    host: (name) =>
      found(
        hosts.find((host) => host.name === name),
        name,
      ),
    guest: (name) =>
      found(
        guests.find((guest) => guest.name === name),
        name,
      ),
    fetch: way(),
    only: ({ port }) => way(port),
    person(options) {
      const person = createPerson(options);
      people.push(person);
      return person;
    },
    database,
    postgres,
    record: () => recordAll(services),
    logs: () => services.flatMap(({ processes }) => processes.map((it) => `--- ${it.name}\n${it.log()}`)).join('\n'),
    async stop() {
      await Promise.all([...ways, ...people].map((it) => it.close()));
      await stop();
    },
  };
}

function found<T>(it: T | undefined, what: string): T {
  if (it === undefined) throw new Error(`This constellation has no ${what}.`);
  return it;
}

function recordAll(services: readonly DeployedService[]): Recording {
  const recorder = createRecorder(() => {
    for (const { stop } of taps) stop();
  });
  const taps = services.map(({ front }) => front.record(recorder.tap));
  return recorder.recording;
}
