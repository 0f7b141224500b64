import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import { type Filter, momentsOf, type Outcome } from './filter.ts';
import { type Seen, seenOf } from './seen.ts';

/** A request for an access token, and its outcome. */
export interface Asked {
  readonly id: string;
  readonly at: Date;
  readonly state: 'intent' | 'minted' | 'withheld' | 'refused' | 'failed';
  /** The error code if no token was issued. */
  readonly error: string | null;
  readonly scopes: readonly string[];
  /** The Host's sentence for each scope. */
  readonly sentences: readonly string[];
  readonly resource: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly connectionId: string;
  /** Null for a request for a service that the owner does not show the app. */
  readonly link: {
    readonly id: string;
    readonly label: string;
    readonly hostId: string;
    readonly hostName: string;
  } | null;
  /** Whether the token was bound to no key. */
  readonly bearer: boolean;
  /** For what the AM refused: the request's id in the log. */
  readonly requestId: string | null;
}

/** When the token was asked for, and the transfer's id. */
export type AskedKey = readonly [at: Date, id: string];

interface AskedRow {
  id: string | null;
  started_at: Date;
  state: Asked['state'];
  error: string | null;
  scopes: string[];
  transfer_scopes: unknown;
  resource: string;
  client_id: string;
  client_name: string;
  connection_id: string;
  link_id: string | null;
  label: string | null;
  host_id: string | null;
  host_name: string | null;
  bearer: boolean;
  request_id: string | null;
  seen: number;
  last_at: Date | null;
  last_id: string | null;
}

/**
 * How many transfers are read for one page when a filter leaves some out: a page costs the same, however many there
 * are.
 */
const LOOKED_AT = 5_000;

const COLUMNS = `t.id, t.started_at, t.state, t.error, t.scopes, t.resource, t.jkt, t.connection_id, t.link_id,
  t.host_id, t.request_id`;
const BETWEEN = `(t.started_at, t.id) < (coalesce($2::timestamptz, 'infinity'), $3)
  and t.started_at >= coalesce($5::timestamptz, '-infinity') and t.started_at < coalesce($6::timestamptz, 'infinity')`;
const NEWEST = 'order by t.started_at desc, t.id desc limit $4';
// for one app, each connection is looked up separately, so that an app that rarely asks is found behind busier ones
const SOURCE = {
  all: `select ${COLUMNS} from transfer t where t.owner_id = $1 and ${BETWEEN} and $7::text is null ${NEWEST}`,
  app: `select ${COLUMNS} from connection one, lateral (select * from transfer t
    where t.connection_id = one.id and t.owner_id = one.owner_id and ${BETWEEN} ${NEWEST}) t
    where one.owner_id = $1 and one.client_id = $7 ${NEWEST}`,
} as const;

/** SQL: of the rows that a source yields, those that the other filters match; $8 Host, $9 states, $10 words. */
const matched = (from: keyof typeof SOURCE): string => `
  with seen as materialized (${SOURCE[from]}), matched as (
    select t.*, c.client_id, ${shownName('c')} as client_name, l.label, h.name as host_name, h.transfer_scopes
    from seen t join connection c on c.id = t.connection_id and c.owner_id = $1 ${joinOwnName('c')}
      left join link l on l.id = t.link_id and l.owner_id = $1 left join host h on h.id = t.host_id
    where ($8::text is null or t.host_id = $8) and ($9::text[] is null or t.state = any ($9))
      and ($10::text is null or position(lower($10) in lower(concat_ws(' ',
      own.name, c.client_name, c.client_id, l.label, h.name, array_to_string(t.scopes, ' '), t.resource,
        (select string_agg(h.transfer_scopes ->> one.scope, ' ') from unnest(t.scopes) as one (scope))))) > 0)
  )`;

const page = (from: keyof typeof SOURCE) =>
  defineQuery<AskedRow>({
    name: `timeline_asked_${from}`,
    text: `${matched(from)}
    select shown.*, shown.jkt is null as bearer, (select count(*)::int from seen) as seen,
      last.started_at as last_at, last.id as last_id
    from (values (1)) as one
      left join lateral (select started_at, id from seen order by started_at, id limit 1) last on true
      left join lateral (select * from matched order by started_at desc, id desc limit $11) shown on true
    order by shown.started_at desc, shown.id desc`,
  });
const PAGE = { all: page('all'), app: page('app') };

const STATES: Readonly<Record<Exclude<Outcome, 'decided'>, readonly Asked['state'][]>> = {
  got: ['minted'],
  refused: ['refused', 'withheld'],
  failed: ['failed'],
};

/**
 * The parameters of a filter that concern a row alone: from, to, app, Host and states. Those of {@link valuesOf} end
 * with its words.
 */
function rowValuesOf(filter: Filter): unknown[] {
  const { after, before } = momentsOf(filter);
  const states = filter.outcome === null || filter.outcome === 'decided' ? null : STATES[filter.outcome];
  return [after, before, filter.app, filter.service, states];
}
const valuesOf = (filter: Filter): unknown[] => [...rowValuesOf(filter), filter.words];

const isNarrow = ({ service, outcome, words }: Filter): boolean =>
  service !== null || outcome !== null || words !== null;

/**
 * Tokens that this owner's apps asked for, before a given one, newest first. A filter does not read further than {@link
 * LOOKED_AT} rows.
 */
export async function readAsked(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, filter, before, most }: { ownerId: string; filter: Filter; before: AskedKey | null; most: number },
): Promise<Seen<Asked, AskedKey>> {
  if (filter.outcome === 'decided') return { rows: [], until: null };
  const looked = isNarrow(filter) ? Math.max(LOOKED_AT, most) : most;
  const [at, id] = before ?? [null, ''];
  const rows = await run(pool, PAGE[filter.app === null ? 'all' : 'app'], [
    ownerId,
    at,
    id,
    looked,
    ...valuesOf(filter),
    most,
  ]);
  const found = rows.flatMap((row) => (row.id === null ? [] : [askedOf({ ...row, id: row.id })]));
  const [first] = rows;
  const last =
    first === undefined || first.last_at === null || first.last_id === null
      ? null
      : { at: first.last_at, key: [first.last_at, first.last_id] as const };
  const keyOf = (one: Asked): AskedKey => [one.at, one.id];
  return seenOf(found, { most, looked, seen: first?.seen ?? 0, last, keyOf });
}

export function askedOf(row: Omit<AskedRow, 'id' | 'seen' | 'last_at' | 'last_id'> & { id: string }): Asked {
  const { link_id: linkId, label, host_id: hostId, host_name: hostName } = row;
  return {
    id: row.id,
    at: row.started_at,
    state: row.state,
    error: row.error,
    scopes: row.scopes,
    sentences: scopeSentences({ transferScopes: row.transfer_scopes }, row.scopes).map(({ sentence }) => sentence),
    resource: row.resource,
    clientId: row.client_id,
    clientName: row.client_name,
    connectionId: row.connection_id,
    link:
      linkId === null || label === null || hostId === null || hostName === null
        ? null
        : { id: linkId, label, hostId, hostName },
    bearer: row.bearer,
    requestId: row.request_id,
  };
}

/** The name of the service that was asked for, or the resource's host if the app is shown no such service. */
export const hostNameOf = ({ link, resource }: Pick<Asked, 'link' | 'resource'>): string =>
  link?.hostName ?? URL.parse(resource)?.host ?? resource;

/** How many tokens were asked for on one day, and how many were issued. */
export interface DayCount {
  /** `YYYY-MM-DD`, in UTC. */
  readonly day: string;
  readonly got: number;
  readonly not: number;
}

const days = (from: keyof typeof SOURCE) =>
  defineQuery<DayCount & { seen: number }>({
    name: `timeline_days_${from}`,
    text: `${matched(from)}
    select to_char(started_at at time zone 'UTC', 'YYYY-MM-DD') as day, (select count(*)::int from seen) as seen,
      count(*) filter (where state = 'minted')::int as got, count(*) filter (where state <> 'minted')::int as not
    from matched group by 1 order by 1`,
  });
const DAYS = { all: days('all'), app: days('app') };

// without words to look for, no names are joined, and each row is counted as it is read. The day is computed beside the
// row: Postgres then expects few days, and groups them without sorting the rows first
const FROM_TO = `t.started_at >= coalesce($2::timestamptz, '-infinity')
  and t.started_at < coalesce($3::timestamptz, 'infinity')
  order by t.started_at desc limit $7`;
const COUNTED_ROWS = {
  all: `select (t.started_at at time zone 'UTC')::date as at, t.state, t.host_id from transfer t
    where t.owner_id = $1 and $4::text is null and ${FROM_TO}`,
  app: `select (t.started_at at time zone 'UTC')::date as at, t.state, t.host_id from connection c, lateral (
      select t.started_at, t.state, t.host_id from transfer t
      where t.connection_id = c.id and t.owner_id = c.owner_id and ${FROM_TO}
    ) t where c.owner_id = $1 and c.client_id = $4 order by t.started_at desc limit $7`,
} as const;
const IS_LET_THROUGH = '($5::text is null or host_id = $5) and ($6::text[] is null or state = any ($6))';
const plainDays = (from: keyof typeof COUNTED_ROWS) =>
  defineQuery<DayCount & { seen: number }>({
    name: `timeline_plain_days_${from}`,
    text: `
    select to_char(at, 'YYYY-MM-DD') as day, seen, got, counted.not from (
      select at, count(*)::int as seen,
        count(*) filter (where state = 'minted' and ${IS_LET_THROUGH})::int as got,
        count(*) filter (where state <> 'minted' and ${IS_LET_THROUGH})::int as not
      from (${COUNTED_ROWS[from]}) t group by 1
    ) counted order by at`,
  });
const PLAIN_DAYS = { all: plainDays('all'), app: plainDays('app') };

/** How many transfers are counted at most, the newest first. */
const COUNTED = 50_000;

/** Counts what a filter matches, day by day; a day that was not counted completely is left out. */
export async function countDays(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, filter }: { ownerId: string; filter: Filter },
): Promise<readonly DayCount[]> {
  const from = filter.app === null ? 'all' : 'app';
  if (filter.words === null) {
    const rows = await run(pool, PLAIN_DAYS[from], [ownerId, ...rowValuesOf(filter), COUNTED]);
    const isCut = rows.reduce((sum, { seen }) => sum + seen, 0) >= COUNTED;
    return rows.slice(isCut ? 1 : 0).flatMap(({ day, got, not }) => (got + not === 0 ? [] : [{ day, got, not }]));
  }
  const rows = await run(pool, DAYS[from], [ownerId, null, '', LOOKED_AT, ...valuesOf(filter)]);
  const isCut = (rows[0]?.seen ?? 0) >= LOOKED_AT;
  return rows.slice(isCut ? 1 : 0).map(({ day, got, not }) => ({ day, got, not }));
}
