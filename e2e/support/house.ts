import { type Constellation, type ConstellationOptions, startConstellation } from '@chatelaine/constellation';

/** A house for a spec that runs against processes (`npm test`) and against containers (`pnpm test:containers`) alike. */
export async function startHouse(options: ConstellationOptions): Promise<Constellation> {
  if (process.env['CHATELAINE_HOUSE'] !== 'containers') return startConstellation(options);
  // loaded only where an engine is
  const { startInContainers } = await import('../containers/support/house.ts');
  return startInContainers(options);
}
