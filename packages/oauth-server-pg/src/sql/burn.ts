import type { OAuthStorage } from '@chatelaine/oauth-server';
import {
  BURN_GUARDS,
  BURNED,
  type BurnedRow,
  findReplayed,
  findReplayedOfEach,
  guardName,
  guardValues,
} from './replay-guards.ts';
import { batched, type Db, type Query, runForRow } from '@chatelaine/postgres';

const BURN: Query<BurnedRow> = { name: 'oauth_burn', text: `with ${BURN_GUARDS} select ${BURNED}` };
const ALL_FRESH = { kind: 'burned' } as const;

/** {@link OAuthStorage.burn}. Concurrent calls share one statement, but never two that burn the same guard. */
export function burner(db: Db): OAuthStorage['burn'] {
  const burn = batched<Parameters<OAuthStorage['burn']>[0], Awaited<ReturnType<OAuthStorage['burn']>>>({
    one: async (guards) => findReplayed(guards, await runForRow(db, BURN, guardValues(guards))) ?? ALL_FRESH,
    many: async (lists) => {
      const { burned } = await runForRow(db, BURN, guardValues(lists.flat()));
      return findReplayedOfEach(lists, burned).map((replayed) => replayed ?? ALL_FRESH);
    },
    keysOf: (guards) => guards.map(guardName),
  });
  return async (guards) => (guards.length === 0 ? ALL_FRESH : burn(guards));
}
