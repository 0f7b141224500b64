import fs from 'node:fs';
import { type LocalAuthority, patience } from '@chatelaine/test-kit';
import { type Front, openFront } from './front.ts';
import { type Keeper, startKeeper } from './keeper.ts';
import type { Guest } from './guests.ts';
import { exceptionsFor, type Plan } from './plan.ts';
import { type RunMode, type ServiceProcess, serviceProcess, type ServiceProcessOptions } from './service-process.ts';
import { termsDecided } from './terms.ts';

/** A running service: its processes, and the proxy on the port of its issuer. */
export interface DeployedService extends Omit<Plan, 'replicas'> {
  /** The variables of its processes. */
  readonly env: Readonly<Record<string, string>>;
  readonly processes: readonly ServiceProcess[];
  readonly front: Front;
}

/** All services, running. */
export interface TestDeployment {
  readonly services: readonly DeployedService[];
  /** Stops everything in order. Rejects, when all have stopped, if a process did not end as it should. */
  stop(): Promise<void>;
}

export interface TestDeploymentOptions {
  plan: readonly Plan[];
  guests?: readonly Guest[];
  /** Trusted by all services, in addition to the public ones. */
  authority?: Pick<LocalAuthority, 'write'>;
  /** Connection URL of a service's role. */
  databaseUrl: (role: string) => string;
  /** ENCRYPTION_KEY of a service: 32 bytes in base64url. */
  encryptionKey: (name: string) => string;
  mode?: RunMode;
  /** How a process is run; by default on this machine. */
  run?: (options: ServiceProcessOptions) => ServiceProcess;
  logLevel?: string;
  /** Folder of the processes' logs, which are kept until the next start. */
  logDir: string;
  /** Further variables of a service, or other values. */
  env?: (plan: Plan) => Readonly<Record<string, string>>;
  /** Aborts the start; what has been started is stopped. */
  signal?: AbortSignal;
  /** Called now and then while processes start: which are not ready yet, and after how many seconds. */
  waiting?: (names: readonly string[], seconds: number) => void;
}

const RELOAD_PATIENCE_MS = 5_000;

/** Starts the services of a plan as separate processes and waits until all are ready. */
export async function startDeployment(options: TestDeploymentOptions): Promise<TestDeployment> {
  const keeper = startKeeper();
  fs.rmSync(options.logDir, { recursive: true, force: true });
  const services: DeployedService[] = [];
  let stopped: Promise<void> | undefined;
  const deployment: TestDeployment = { services, stop: () => (stopped ??= stopDeployment(services, keeper)) };
  const giveUp = () => void deployment.stop().catch(() => undefined);
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    // the proxies first, which take the ports of the issuers
    for (const plan of options.plan) services.push(await openService(options, plan, keeper));
    options.signal?.throwIfAborted();
    await startAll(
      services.flatMap(({ processes }) => processes),
      options.waiting,
    );
    options.signal?.throwIfAborted();
    return deployment;
  } catch (error) {
    await deployment.stop().catch(() => undefined); // the first problem is the one to tell
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
}

const WAITING_EVERY_SECONDS = 10;

async function startAll(
  processes: readonly ServiceProcess[],
  waiting: TestDeploymentOptions['waiting'],
): Promise<void> {
  const left = new Set(processes);
  let seconds = 0;
  const telling = setInterval(() => {
    seconds += WAITING_EVERY_SECONDS;
    waiting?.(
      [...left].map(({ name }) => name),
      seconds,
    );
  }, WAITING_EVERY_SECONDS * 1000);
  try {
    await Promise.all(processes.map((it) => it.start().then(() => left.delete(it))));
  } finally {
    clearInterval(telling);
  }
}

async function openService(options: TestDeploymentOptions, plan: Plan, keeper: Keeper): Promise<DeployedService> {
  const { mode = 'built', run = serviceProcess, logDir } = options;
  const env = environmentOf(options, plan);
  const processes = Array.from({ length: plan.replicas }, (_, index) => {
    const name = plan.replicas === 1 ? plan.name : `${plan.name}-${index + 1}`;
    return run({ name, service: plan.service, env, mode, logDir, keeper });
  });
  const patienceMs = mode === 'watch' ? RELOAD_PATIENCE_MS : 0;
  const front = await openFront({ name: plan.name, port: plan.port, processes, patienceMs });
  return { ...plan, env, processes, front };
}

function environmentOf(options: TestDeploymentOptions, plan: Plan): Record<string, string> {
  return {
    NAME: plan.title,
    ISSUER: plan.url,
    LISTEN_ADDRESS: '127.0.0.1',
    DATABASE_URL: options.databaseUrl(plan.name),
    ENCRYPTION_KEY: options.encryptionKey(plan.name),
    ...(options.authority !== undefined && { NODE_EXTRA_CA_CERTS: options.authority.write(options.logDir) }),
    OUTBOUND_EXCEPTIONS: JSON.stringify(exceptionsFor(plan, options.plan, options.guests ?? [])),
    DEMO: 'true',
    // one machine, which may be slow, starts a database and ten processes
    DATABASE_PATIENCE: String(Math.ceil(patience(10) / 1_000)),
    LOG_LEVEL: options.logLevel ?? 'info',
    ...(plan.flavor !== null && { FLAVOR: plan.flavor }),
    ...(plan.service === 'requester' && decidedOf(options.plan)),
    ...options.env?.(plan),
  };
}

function decidedOf(deployment: readonly Plan[]): Record<string, string> {
  const am = deployment.find(({ service }) => service === 'am');
  return am === undefined ? {} : termsDecided(am.url);
}

async function stopDeployment(services: readonly DeployedService[], keeper: Keeper): Promise<void> {
  const stopped = await Promise.allSettled(services.flatMap(({ processes }) => processes.map((it) => it.stop())));
  await Promise.all(services.map(({ front }) => front.close()));
  keeper.dismiss();
  const problems = stopped.flatMap((it) => (it.status === 'rejected' ? [it.reason as Error] : []));
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
}
