import { type Constellation, type ConstellationOptions, startConstellation } from '@chatelaine/constellation';
import { openNetwork } from './network.ts';
import { startPostgres } from './postgres-container.ts';
import { serviceContainer } from './service-container.ts';

/**
 * A constellation whose services are containers of the built images, with Postgres in a container beside them, on a network of their own. What stands on
 * the issuers' ports stays on this machine, so that all that a test can do to a house it can do to this one.
 */
export async function startInContainers(options: ConstellationOptions = {}): Promise<Constellation> {
  const network = await openNetwork();
  try {
    const postgres = await startPostgres(network);
    const house = await startConstellation({
      ...options,
      label: `containers-${options.label ?? process.pid}`,
      postgres,
      run: (process) => serviceContainer(process, network),
    });
    const stop = async (): Promise<void> => {
      await house.stop();
      await postgres.stop();
      await network.close();
    };
    return Object.create(house, { stop: { value: stop } }) as Constellation;
  } catch (error) {
    const { prune } = await import('./docker.ts');
    await prune();
    throw error;
  }
}
