import fs from 'node:fs';
import path from 'node:path';
import type { ServiceProcess, ServiceProcessOptions } from '@chatelaine/constellation';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { docker } from './docker.ts';
import type { ContainerNetwork } from './network.ts';
import { POSTGRES_ALIAS } from './postgres-container.ts';

const PORT = 8080;
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_SECONDS = 15;
const LOOPBACK = '127.0.0.0/8';

interface State {
  container: StartedTestContainer | null;
  port: number;
}

/**
 * A process of a service, as a container of its image that is started with nothing but variables. Otherwise like any
 * {@link ServiceProcess}.
 */
export function serviceContainer(options: ServiceProcessOptions, network: ContainerNetwork): ServiceProcess {
  const state: State = { container: null, port: 0 };
  const logFile = path.join(options.logDir, `${options.name}.log`);
  const log = () => (fs.existsSync(logFile) ? fs.readFileSync(logFile, 'utf8').slice(-16_384) : '');
  const take = (): StartedTestContainer | null => {
    const { container } = state;
    state.container = null;
    return container;
  };
  return {
    name: options.name,
    logFile,
    get port() {
      return state.port;
    },
    pid: undefined,
    get running() {
      return state.container !== null;
    },
    log,
    async start({ env = {} } = {}) {
      if (state.container !== null) throw new Error(`${options.name} runs already.`);
      state.container = await create({ ...options, env: { ...options.env, ...env } }, network, logFile).catch(
        (cause: unknown) => {
          throw new Error(`${options.name} did not start.\n${log()}`, { cause });
        },
      );
      state.port = state.container.getMappedPort(PORT);
    },
    async stop() {
      const id = take()?.getId();
      if (id === undefined) return;
      await docker('stop', '-t', String(STOP_WITHIN_SECONDS), id);
      const code = await docker('inspect', '-f', '{{.State.ExitCode}}', id);
      await docker('rm', '-f', '-v', id);
      if (code !== '0') throw new Error(`${options.name} did not stop in order (exit code ${code}).\n${log()}`);
    },
    async kill() {
      const id = take()?.getId();
      if (id === undefined) return;
      await docker('kill', '-s', 'KILL', id);
      await docker('rm', '-f', '-v', id);
    },
  };
}

async function create(
  { service, env, name }: ServiceProcessOptions,
  network: ContainerNetwork,
  logFile: string,
): Promise<StartedTestContainer> {
  const exceptions = JSON.parse(env['OUTBOUND_EXCEPTIONS'] ?? '[]') as { host: string; port: number; cidr: string }[];
  for (const { port } of exceptions) await network.open(port);
  fs.mkdirSync(path.dirname(logFile), { recursive: true });
  return new GenericContainer(`chatelaine-${service}`)
    .withLabels({ 'dev.chatelaine.test': 'true' })
    .withEnvironment({
      ...env,
      ...environmentInside(env, exceptions, network),
      PORT: String(PORT),
      LISTEN_ADDRESS: '0.0.0.0',
    })
    .withNetworkMode(network.name)
    .withNetworkAliases(name)
    .withExtraHosts(exceptions.map(({ host }) => ({ host, ipAddress: network.gateway })))
    .withExposedPorts(PORT)
    .withTmpFs({ '/tmp': 'rw' })
    .withDroppedCapabilities('ALL')
    .withSecurityOpt('no-new-privileges:true')
    .withLogConsumer((stream) => stream.pipe(fs.createWriteStream(logFile, { flags: 'a' })))
    .withWaitStrategy(Wait.forHttp('/readyz', PORT).forStatusCode(200))
    .withStartupTimeout(READY_WITHIN_MS)
    .start();
}

/** The variables for a container, where the gateway takes the place of loopback, and Postgres has a host name. */
function environmentInside(
  env: Readonly<Record<string, string>>,
  exceptions: readonly { cidr: string }[],
  { gateway }: ContainerNetwork,
): Record<string, string> {
  const database = new URL(env['DATABASE_URL'] ?? '');
  database.host = `${POSTGRES_ALIAS}:5432`;
  const seen = exceptions.map((it) => (it.cidr === LOOPBACK ? { ...it, cidr: `${gateway}/32` } : it));
  return { DATABASE_URL: database.href, OUTBOUND_EXCEPTIONS: JSON.stringify(seen) };
}
