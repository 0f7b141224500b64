import { chatelaineHost } from '@chatelaine/host-kit';
import { hostOptions } from '@chatelaine/host-pages';
import { createOutbound } from '@chatelaine/outbound-http';
import { waitingOnOthers } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { ENTRY_OPERATIONS } from '../entries/operations.ts';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;

/** Makes this service a Host, with its own accounts and appearance. PROTOCOL §2.2, §3.3, §4. */
export async function hostFeature(
  app: FastifyInstance,
  deps: Pick<Deps, 'config' | 'flavor' | 'pool' | 'clock'>,
): Promise<void> {
  const { config, flavor } = deps;
  const { exceptions, demo } = config;
  const outbound = createOutbound({ exceptions, demo, ownNames: [new URL(config.issuer).hostname] });
  app.addHook('onClose', () => outbound.close());
  await app.register(chatelaineHost, {
    ...hostOptions(deps),
    scopes: {
      'entries.read': { sentence: flavor.scopes['entries.read'], access: 'read' },
      // what is written stays, and its author must not depend on an AM's word: Requesters sign for themselves (PROTOCOL
      // §3.6)
      'entries.write': {
        sentence: flavor.scopes['entries.write'],
        requesterStatement: 'required',
        access: 'write',
      },
    },
    bearer: config.bearerTokens,
    // a request that makes us read an AM's or a Requester's documents does not occupy a slot of others while it waits
    outbound: waitingOnOthers(outbound),
    operations: ENTRY_OPERATIONS,
    limits: {
      registration: { name: 'register', points: 1, perSeconds: HOUR_SECONDS },
      refusals: { name: 'refusal', points: config.refusalsPerMinute, perSeconds: MINUTE_SECONDS },
    },
  });
}
