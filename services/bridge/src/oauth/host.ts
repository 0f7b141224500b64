import { chatelaineHost } from '@chatelaine/host-kit';
import { hostOptions } from '@chatelaine/host-pages';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { isReady, listShares } from '../upstream/index.ts';
import { operationsOf } from './operations.ts';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;

/**
 * Makes this service a Host: one resource, with the scopes `<service>:<name>`; an owner shares those of the services
 * that they have connected. PROTOCOL §9.
 */
export async function hostFeature(app: FastifyInstance, deps: Deps): Promise<void> {
  const { config, outbound } = deps;
  const services = deps.services.filter((service) => isReady(deps, service));
  await app.register(chatelaineHost, {
    ...hostOptions(deps),
    scopes: Object.fromEntries(
      services.flatMap(({ scopes }) => scopes.map(({ scope, sentence, access }) => [scope, { sentence, access }])),
    ),
    shareable: (owner) => listShares(deps, owner),
    outbound,
    operations: operationsOf(services),
    limits: {
      registration: { name: 'register', points: 1, perSeconds: HOUR_SECONDS },
      refusals: { name: 'refusal', points: config.refusalsPerMinute, perSeconds: MINUTE_SECONDS },
    },
  });
}
