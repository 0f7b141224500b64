import {
  type Constellation,
  type ConstellationOptions,
  serviceProcess,
  type ServiceProcessOptions,
  startConstellation,
} from '@chatelaine/constellation';
import { prune } from './docker.ts';
import { openNetwork } from './network.ts';
import { startPostgres } from './postgres-container.ts';
import { serviceContainer } from './service-container.ts';

export interface ContainerOptions extends ConstellationOptions {
  /** Only this service runs in containers; the others are processes on this machine. */
  readonly only?: ServiceProcessOptions['service'];
}

/**
 * A deployment whose services are containers of the built images, with Postgres in another container, on a network of
 * their own. The proxies on the issuers' ports stay on this machine, so that tests can do with it all that they can do
 * with any other deployment.
 */
export async function startInContainers({ only, ...options }: ContainerOptions = {}): Promise<Constellation> {
  const network = await openNetwork();
  try {
    const postgres = await startPostgres(network);
    const deployment = await startConstellation({
      ...options,
      label: `containers-${options.label ?? process.pid}`,
      postgres,
      run: (one) => (only === undefined || only === one.service ? serviceContainer(one, network) : serviceProcess(one)),
    });
    const stop = async (): Promise<void> => {
      await deployment.stop();
      await postgres.stop();
      await network.close();
    };
    return Object.create(deployment, { stop: { value: stop } }) as Constellation;
  } catch (error) {
    await prune();
    throw error;
  }
}
