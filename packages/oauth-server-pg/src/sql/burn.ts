import type { BurnOutcome, ReplayGuard } from '@chatelaine/oauth-server';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

const BURN: Query<BurnedRow> = { name: 'oauth_burn', text: `with ${BURN_GUARDS} select ${BURNED}` };

export async function burn(db: Db, guards: readonly ReplayGuard[]): Promise<BurnOutcome> {
  if (guards.length === 0) return { kind: 'burned' };
  const row = await runForRow(db, BURN, guardValues(guards));
  return findReplayed(guards, row) ?? { kind: 'burned' };
}
