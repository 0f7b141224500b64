import { createHostGate, watchLinks } from '../../src/links/host-gate.ts';
import { linkToken, type LinkTokenDeps } from '../../src/links/link-token.ts';
import { openResources, type Resources } from '../../src/resources.ts';
import { createWorld } from '../support/world.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const world = await createWorld();
export const person = await world.person();
export const resources = await openResources(world.config);
const { log } = world.am.app;
const limits = { ...world.config.limits.hostCalls, failuresToOpen: 1_000 };
export const deps: LinkTokenDeps = {
  ...resources,
  log,
  hostGate: createHostGate({ log, limits, observe: () => () => {} }),
  linksSeen: watchLinks(resources),
};

export async function close(opened: Resources): Promise<void> {
  await opened.outbound.close();
  await opened.prisma.$disconnect();
  await opened.pool.end();
}

export const get = (linkId: string, refresh: 'if-needed' | 'now' = 'if-needed') =>
  linkToken(deps, { linkId, ownerId: person.ownerId, refresh });

export const refreshes = (): number =>
  world.host.callsOf('/token').filter(({ form }) => form.get('grant_type') === 'refresh_token').length;
