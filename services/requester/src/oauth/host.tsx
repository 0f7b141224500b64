import { chatelaineHost } from '@chatelaine/host-kit';
import { hostOptions } from '@chatelaine/host-pages';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { POST_OPERATIONS } from '../posts/operations.ts';
import { POST_SCOPES } from '../posts/post.ts';

/**
 * Makes this service a Host as well, of the posts that are stored here; its metadata names this Requester. PROTOCOL
 * §2.2, §2.3.
 */
export async function registerAsHost(
  app: FastifyInstance,
  deps: Pick<Deps, 'config' | 'pool' | 'clock' | 'outbound'>,
): Promise<void> {
  const { config, outbound } = deps;
  await app.register(chatelaineHost, {
    ...hostOptions(deps),
    outbound,
    scopes: { 'entries.read': { sentence: POST_SCOPES['entries.read'], access: 'read' } },
    requester: `${config.issuer}/client`,
    operations: POST_OPERATIONS,
  });
}
