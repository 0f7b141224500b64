import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import type { RuleLimit } from '../rules/rule.ts';
import { type Filter, momentsOf } from './filter.ts';
import { type Seen, seenOf } from './seen.ts';

/** An entry of the timeline, with the names that its sentence uses. */
export interface Entry {
  readonly id: string;
  readonly at: Date;
  readonly kind: string;
  readonly by: string | null;
  readonly answer: string | null;
  /**
   * The scopes that the owner allowed, in the Host's sentences, if they allowed only a part of what was asked;
   * otherwise null.
   */
  readonly part: readonly string[] | null;
  /** The Host's sentence for the scope that the entry is about. */
  readonly sentence: string | null;
  readonly effect: string | null;
  /** When a decision ends; null if it is not limited in time. */
  readonly until: Date | null;
  /** How often it allows; null: without limit. */
  readonly limit: Pick<RuleLimit, 'most' | 'per'> | null;
  /** The state of a link before a new one replaced it. */
  readonly was: string | null;
  /** What Requesters can no longer ask for because of it. */
  readonly lost: readonly { readonly client: string; readonly scopes: readonly string[] }[];
  /** The terms that were offered or accepted. */
  readonly terms: string | null;
  /** For how many days activity is kept. */
  readonly days: number | null;
  readonly clientName: string | null;
  readonly label: string | null;
  readonly hostName: string | null;
}

interface EntryRow {
  id: string | null;
  at: Date;
  kind: string;
  ended_by: string | null;
  answer: string | null;
  part: readonly string[] | null;
  scope: string | null;
  effect: string | null;
  until: Date | null;
  limit: Entry['limit'];
  was: string | null;
  terms: string | null;
  days: number | null;
  lost: Entry['lost'] | null;
  transfer_scopes: unknown;
  client_name: string | null;
  label: string | null;
  host_name: string | null;
}

const ENTRIES = defineQuery<EntryRow & { seen: number; last_at: Date | null; last_id: string | null }>({
  name: 'timeline_entries',
  // by id, which begins with the time, so that only the partitions of those days are read; an entry's time is when its
  // transaction began, that of its id when the entry was written
  text: `
  with seen as materialized (
    select t.* from timeline_entry t
    where t.owner_id = $1 and t.id < coalesce($2::bigint, 9223372036854775807)
      and t.id >= coalesce(time_number_from($4::timestamptz - interval '1 hour'), 0)
      and t.id < coalesce(time_number_from($5::timestamptz + interval '1 hour'), 9223372036854775807)
      and t.at >= coalesce($4::timestamptz, '-infinity') and t.at < coalesce($5::timestamptz, 'infinity')
    order by t.id desc limit $3
  ), matched as (
    select t.id, t.at, t.kind, t.data->>'by' as ended_by, t.data->>'answer' as answer,
      nullif(t.data->'allowed', 'null') as part,
      t.data->>'scope' as scope,
      t.data->>'effect' as effect, (t.data->>'until')::timestamptz as until, nullif(t.data->'limit', 'null') as limit,
      t.data->>'was' as was, t.data->>'terms' as terms, (t.data->>'days')::int as days, t.data->'lost' as lost,
        h.transfer_scopes, coalesce(${shownName('c')}, t.data->>'client') as client_name,
      coalesce(l.label, t.data->>'label') as label, h.name as host_name
    from seen t
      left join connection c on c.id = t.data->>'connection' and c.owner_id = t.owner_id ${joinOwnName('c')}
      left join link l on l.id = t.data->>'link' and l.owner_id = t.owner_id
      left join host h on h.id = coalesce(t.data->>'host', l.host_id)
    where ($6::text is null or c.client_id = $6) and ($7::text is null or h.id = $7)
      and ($8::text is null or position(lower($8) in lower(concat_ws(' ',
      own.name, c.client_name, c.client_id, t.data->>'client', l.label, t.data->>'label', h.name, t.data->>'scope',
        h.transfer_scopes ->> (t.data->>'scope'), t.data->>'terms'))) > 0)
  )
  select shown.*, (select count(*)::int from seen) as seen, last.at as last_at, last.id as last_id
  from (values (1)) as one left join lateral (select at, id from seen order by id limit 1) last on true
    left join lateral (select * from matched order by id desc limit $9) shown on true
  order by shown.id desc`,
});

/** How many entries are read for one page when a filter leaves some out. */
const LOOKED_AT = 2_000;

/** The owner's entries before a given one, or the latest; newest first. */
export async function readEntries(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, filter, before, most }: { ownerId: string; filter: Filter; before: string | null; most: number },
): Promise<Seen<Entry, string>> {
  const { app, service, outcome, words } = filter;
  if (outcome !== null && outcome !== 'decided') return { rows: [], until: null };
  const { after: from, before: to } = momentsOf(filter);
  const looked = app !== null || service !== null || words !== null ? Math.max(LOOKED_AT, most) : most;
  const rows = await run(pool, ENTRIES, [ownerId, before, looked, from, to, app, service, words, most]);
  const found = rows.flatMap((row) => (row.id === null ? [] : [entryOf({ ...row, id: row.id })]));
  const [first] = rows;
  const last =
    first === undefined || first.last_at === null || first.last_id === null
      ? null
      : { at: first.last_at, key: first.last_id };
  return seenOf(found, { most, looked, seen: first?.seen ?? 0, last, keyOf: ({ id }) => id });
}

function entryOf(row: EntryRow & { id: string }): Entry {
  return {
    id: row.id,
    at: row.at,
    kind: row.kind,
    by: row.ended_by,
    answer: row.answer,
    part: row.part === null ? null : sentencesOf(row, row.part),
    sentence: row.scope === null ? null : (sentencesOf(row, [row.scope])[0] ?? null),
    effect: row.effect,
    until: row.until,
    limit: row.limit,
    was: row.was,
    terms: row.terms,
    days: row.days,
    lost: (row.lost ?? []).map(({ client, scopes }) => ({ client, scopes: sentencesOf(row, scopes) })),
    clientName: row.client_name,
    label: row.label,
    hostName: row.host_name,
  };
}

function sentencesOf(
  { transfer_scopes: transferScopes }: { transfer_scopes: unknown },
  scopes: readonly string[],
): string[] {
  return scopeSentences({ transferScopes }, scopes).map(({ sentence }) => sentence);
}
