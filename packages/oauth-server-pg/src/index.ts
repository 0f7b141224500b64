import path from 'node:path';

export { ACCESS_PAGE, accessList, type GrantEntry, ownsGrant, type TransferEntry } from './access-list.ts';
export { type Allowances, createAllowances } from './allowances.ts';
export { createRateLimits, type Limit, type RateLimits } from './limits.ts';
// for atomic steps of a service's own, which burn replay guards and look at grants as the steps here do
export { GRANT_ALIVE } from './sql/grant-row.ts';
export {
  BURN_GUARDS,
  BURN_GUARDS_OF_EACH,
  BURNED,
  BURNED_OF_EACH,
  type BurnedOfEachRow,
  type BurnedRow,
  findReplayed,
  guardColumns,
  guardName,
  guardValues,
} from './sql/replay-guards.ts';
export { createPgStorage } from './storage.ts';
export { withdrawScopes } from './withdraw-scopes.ts';

/** Directory of the kernel's migrations, in Prisma's layout. They are applied before those of the service around it. */
export const migrationsDir: string = path.join(import.meta.dirname, '..', 'prisma', 'migrations');
