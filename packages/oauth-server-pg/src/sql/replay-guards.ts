import type { Replayed, ReplayGuard } from '@chatelaine/oauth-server';
import { sha256 } from '@chatelaine/crypto';
import { rowsOf } from '@chatelaine/postgres';

/**
 * The beginning of every step that burns replay guards; `$1` and `$2` are {@link guardValues}. `burned` has a row for
 * each guard that was fresh, and keeps them whatever the step decides. `fresh` has a row if and only if all of them
 * were, and the rest of the step joins it. If somebody else is burning the same guard, `on conflict do nothing` waits
 * for their commit and then sees their row; guards are sorted, so that two requests never wait for each other. The
 * database's clock decides both how long a guard is remembered and whether it is accepted: a process whose clock is
 * slow could otherwise accept a guard that the database has already forgotten, and it could be used twice.
 */
export const BURN_GUARDS = `burned as (
  insert into oauth_replay (id, expires_at)
  select guard.id, to_timestamp(guard.expires_at)
  from ${rowsOf(['bytea', 'float8'])} as guard (id, expires_at, place)
  where to_timestamp(guard.expires_at) > now()
  order by guard.id
  on conflict (id) do nothing
  returning id
), fresh as (
  select 1 where (select count(*) from burned) = cardinality($1::bytea[])
)`;

/** The column in which a step returns the guards that were fresh. */
export const BURNED = 'array(select id from burned) as burned';

/**
 * The same for many inputs, no two of which share a guard. The CTE `input` has a row for each, with its number `n`;
 * `fresh` has one for each input all of whose guards were fresh. Usually all guards were, which one count shows; only
 * if not is each input looked at. `$1` to `$3` are {@link guardColumns}.
 */
export const BURN_GUARDS_OF_EACH = `guard as materialized (
  select n, id, to_timestamp(expires_at) as expires_at
    from ${rowsOf(['int', 'bytea', 'float8'])} as g (n, id, expires_at, place)
), burned as (
  insert into oauth_replay (id, expires_at) select id, expires_at from guard where expires_at > now() order by id
  on conflict (id) do nothing
  returning id
), fresh as materialized (
  select n from input where (select count(*) from burned) = cardinality($2::bytea[]) or n in (
    select input.n from input left join guard on guard.n = input.n left join burned on burned.id = guard.id
    group by input.n having count(guard.id) = count(distinct burned.id)
  )
)`;

/** Columns for an input's row, left-joined to `fresh`. */
export const BURNED_OF_EACH = `fresh.n is not null as is_fresh,
  case when fresh.n is null then array(select id from burned where id in (select guard.id from guard
    where guard.n = input.n)) end as burned`;

export interface BurnedOfEachRow {
  n: number;
  is_fresh: boolean;
  /** null: all of them. */
  burned: Buffer[] | null;
}

/**
 * The outcome of each input of a statement with {@link BURN_GUARDS_OF_EACH}: the first of its guards that was not
 * fresh, or what `read` makes of its row.
 *
 * @throws Error if the statement has no row for an input
 */
export function outcomesOfEach<Row extends BurnedOfEachRow, Outcome>(
  inputs: readonly { readonly guards: readonly ReplayGuard[] }[],
  rows: readonly Row[],
  read: (row: Row) => Outcome,
): (Replayed | Outcome)[] {
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  return inputs.map(({ guards }, index) => {
    const row = byNumber.get(index + 1);
    if (row === undefined) throw new Error('An input has no row in the result.');
    const replayed = row.is_fresh ? null : findReplayed(guards, { burned: row.burned ?? [] });
    return replayed ?? read(row);
  });
}

/** `$1` to `$3` of {@link BURN_GUARDS_OF_EACH}. */
export function guardColumns(lists: readonly (readonly ReplayGuard[])[]): unknown[] {
  const all = lists.flatMap((guards, index) => guards.map((guard) => ({ ...guard, n: index + 1 })));
  return [all.map(({ n }) => n), all.map(guardId), all.map(({ expiresAt }) => expiresAt)];
}

export interface BurnedRow {
  burned: Buffer[];
}

/** `$1` and `$2` of {@link BURN_GUARDS}. */
export function guardValues(guards: readonly ReplayGuard[]): unknown[] {
  return [guards.map(guardId), guards.map(({ expiresAt }) => expiresAt)];
}

/** The first guard that was not fresh, or null. */
export function findReplayed(guards: readonly ReplayGuard[], { burned }: BurnedRow): Replayed | null {
  return findReplayedOfEach([guards], burned)[0] ?? null;
}

/** The same for each of several lists that were burned together, no two of which share a guard. */
export function findReplayedOfEach(
  lists: readonly (readonly ReplayGuard[])[],
  burned: readonly Buffer[],
): readonly (Replayed | null)[] {
  if (burned.length === lists.reduce((sum, { length }) => sum + length, 0)) return lists.map(() => null);
  const fresh = new Set(burned.map((id) => id.toString('hex')));
  return lists.map((guards) => {
    // removed from the set, so that of a guard that is in a list twice the second is a replay
    const replayed = guards.find((guard) => !fresh.delete(guardId(guard).toString('hex')));
    return replayed === undefined ? null : { kind: 'replayed', guard: replayed.kind };
  });
}

type Name = Pick<ReplayGuard, 'kind' | 'key' | 'jti'>;

/** The key is preceded by its length, so that different guards never have the same name. */
export const guardName = ({ kind, key, jti }: Name): string => `${kind}|${Buffer.byteLength(key)}|${key}|${jti}`;

/** The hash of its name, by which it is stored. */
export const guardId = (guard: Name): Buffer => sha256(guardName(guard));
