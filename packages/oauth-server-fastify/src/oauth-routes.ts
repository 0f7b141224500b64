import type { ServerDeps } from '@chatelaine/oauth-server';
import type { FastifyInstance } from 'fastify';
import type { RateLimits } from '@chatelaine/oauth-server-pg';
import { authorizeRoutes } from './authorize-routes.ts';
import type { InteractionPort } from './interaction.ts';
import { DEFAULT_MACHINE_LIMITS, type MachineLimits, machineRoutes } from './machine-routes.ts';

export interface OAuthRoutesOptions {
  readonly deps: ServerDeps;
  readonly interaction: InteractionPort;
  readonly rateLimits: RateLimits;
  readonly limits?: Partial<MachineLimits>;
}

/**
 * All endpoints of the kernel, in scopes of their own: the app around them keeps its parsers, hooks and error handler.
 */
export async function oauthRoutes(app: FastifyInstance, options: OAuthRoutesOptions): Promise<void> {
  const { deps, interaction, rateLimits } = options;
  const limits = { ...DEFAULT_MACHINE_LIMITS, ...options.limits };
  await app.register(machineRoutes, { deps, rateLimits, limits });
  await app.register(authorizeRoutes, { deps, interaction, rateLimits, limits });
}
