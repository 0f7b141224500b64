import path from 'node:path';

export { isDatabaseUnavailable } from './database-unavailable.ts';
export { createRateLimits, type Limit, type RateLimits, sourceKey } from './limits.ts';
export { startReaper } from './reaper.ts';
export { type OAuthRoutesOptions, oauthRoutes } from './routes/index.ts';
export { formOf, oauthScope, refuseOtherMethods } from './routes/http.ts';
export type { ConsentDecision, ConsentView, InteractionPort, Owner } from './routes/interaction.ts';
export { DEFAULT_MACHINE_LIMITS, type MachineLimits } from './routes/machine-routes.ts';
export { createPgStorage } from './storage.ts';

/** The kernel's migrations, in Prisma's layout; applied before those of the service around it. */
export const migrationsDir: string = path.join(import.meta.dirname, '..', 'prisma', 'migrations');
