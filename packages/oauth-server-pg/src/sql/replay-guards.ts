import type { Replayed, ReplayGuard } from '@chatelaine/oauth-server';
import { sha256 } from '@chatelaine/crypto';

/**
 * The head of every step that burns guards. `$1` and `$2` are {@link guardValues}. `burned` keeps what was fresh, whatever becomes of the
 * step; `fresh` has a row exactly when all of them were, and the step's own parts join it. Somebody else burning the same guard at this
 * moment is waited for: `on conflict do nothing` sees their row once they have committed. Sorted, so that two requests never wait for each other.
 * One clock judges how long a guard is remembered and whether it still may be used, and that is the database's: what it would forget already, a process
 * whose clock is behind must not accept, or it could be used a second time.
 */
export const BURN_GUARDS = `burned as (
  insert into oauth_replay (id, expires_at)
  select guard.id, to_timestamp(guard.expires_at)
  from unnest($1::bytea[], $2::float8[]) as guard (id, expires_at)
  where to_timestamp(guard.expires_at) > now()
  order by guard.id
  on conflict (id) do nothing
  returning id
), fresh as (
  select 1 where (select count(*) from burned) = cardinality($1::bytea[])
)`;

/** The column through which a step says which guards were fresh. */
export const BURNED = 'array(select id from burned) as burned';

export interface BurnedRow {
  burned: Buffer[];
}

/** `$1` and `$2` of {@link BURN_GUARDS}. */
export function guardValues(guards: readonly ReplayGuard[]): unknown[] {
  return [guards.map(guardId), guards.map(({ expiresAt }) => expiresAt)];
}

/** The first guard that was not fresh, or null. */
export function findReplayed(guards: readonly ReplayGuard[], row: BurnedRow): Replayed | null {
  if (row.burned.length === guards.length) return null;
  const burned = new Set(row.burned.map((id) => id.toString('hex')));
  for (const guard of guards) {
    // taken out: a guard that is in the list twice was fresh once
    if (!burned.delete(guardId(guard).toString('hex'))) return { kind: 'replayed', guard: guard.kind };
  }
  return null;
}

/** Length before text, so that no two different guards are the same bytes. */
function guardId({ kind, key, jti }: ReplayGuard): Buffer {
  return sha256(`${kind}|${Buffer.byteLength(key)}|${key}|${jti}`);
}
