import { type Constellation, type ConstellationOptions, startConstellation } from '@chatelaine/constellation';

/** A deployment for a spec that runs against processes (`npm test`) and against containers (`pnpm test:containers`). */
export async function startDeployment(options: ConstellationOptions): Promise<Constellation> {
  if (process.env['CHATELAINE_DEPLOYMENT'] !== 'containers') return startConstellation(options);
  // loaded only if there is a container engine
  const { startInContainers } = await import('../containers/support/in-containers.ts');
  return startInContainers(options);
}
