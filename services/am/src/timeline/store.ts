import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../links/scope-sentences.ts';

/** Something that happened, with the names it is told by. */
export interface Entry {
  readonly id: string;
  readonly at: Date;
  readonly kind: string;
  readonly by: string | null;
  readonly answer: string | null;
  /** The Host's sentence for the scope it is about. */
  readonly sentence: string | null;
  readonly effect: string | null;
  /** What a link was before another took its place. */
  readonly was: string | null;
  /** What Requesters may no longer ask for since. */
  readonly lost: readonly { readonly client: string; readonly scopes: readonly string[] }[];
  readonly clientName: string | null;
  readonly label: string | null;
  readonly hostName: string | null;
}

interface EntryRow {
  id: string;
  at: Date;
  kind: string;
  ended_by: string | null;
  answer: string | null;
  scope: string | null;
  effect: string | null;
  was: string | null;
  lost: Entry['lost'] | null;
  transfer_scopes: unknown;
  client_name: string | null;
  label: string | null;
  host_name: string | null;
}

const ENTRIES = defineQuery<EntryRow>({
  name: 'timeline_entries',
  text: `
    select t.id, t.at, t.kind, t.data->>'by' as ended_by, t.data->>'answer' as answer, t.data->>'scope' as scope,
      t.data->>'effect' as effect, t.data->>'was' as was, t.data->'lost' as lost, h.transfer_scopes, coalesce(c.client_name, t.data->>'client') as client_name,
      coalesce(l.label, t.data->>'label') as label, h.name as host_name
    from timeline_entry t
      left join connection c on c.id = t.data->>'connection' and c.owner_id = t.owner_id
      left join link l on l.id = t.data->>'link' and l.owner_id = t.owner_id
      left join host h on h.id = coalesce(t.data->>'host', l.host_id)
    where t.owner_id = $1 and t.id < coalesce($2::bigint, 9223372036854775807) order by t.id desc limit $3`,
});

/** The owner's entries before one of them, or the latest; newest first. */
export async function readEntries(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, before, most }: { ownerId: string; before: string | null; most: number },
): Promise<Entry[]> {
  const rows = await run(pool, ENTRIES, [ownerId, before, most]);
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    kind: row.kind,
    by: row.ended_by,
    answer: row.answer,
    sentence: row.scope === null ? null : (sentencesOf(row, [row.scope])[0] ?? null),
    effect: row.effect,
    was: row.was,
    lost: (row.lost ?? []).map(({ client, scopes }) => ({ client, scopes: sentencesOf(row, scopes) })),
    clientName: row.client_name,
    label: row.label,
    hostName: row.host_name,
  }));
}

/** A transfer that was begun, and how it ended. */
export interface PastTransfer {
  readonly id: string;
  readonly at: Date;
  readonly state: 'intent' | 'minted' | 'withheld' | 'refused' | 'failed';
  /** The Host's sentence for each scope. */
  readonly sentences: readonly string[];
  readonly clientName: string;
  readonly label: string;
  readonly hostName: string;
  /** It was bound to no key. */
  readonly bearer: boolean;
  /** The Requester did not wait for it. */
  readonly gone: boolean;
  /** The AM was too slow to hand it out. */
  readonly late: boolean;
}

interface TransferRow {
  id: string;
  started_at: Date;
  state: PastTransfer['state'];
  scopes: string[];
  transfer_scopes: unknown;
  client_name: string;
  label: string;
  host_name: string;
  bearer: boolean;
  gone: boolean;
  late: boolean;
}

const TRANSFERS = defineQuery<TransferRow>({
  name: 'timeline_transfers',
  text: `
    select t.id, t.started_at, t.state, t.scopes, c.client_name, l.label, h.name as host_name, h.transfer_scopes, t.jkt is null as bearer,
      t.error is not distinct from 'gone' as gone, t.error is not distinct from 'late' as late
    from transfer t join connection c on c.id = t.connection_id and c.owner_id = t.owner_id
      join link l on l.id = t.link_id and l.owner_id = t.owner_id join host h on h.id = t.host_id
    where t.owner_id = $1 and (t.started_at, t.id) < (coalesce($2::timestamptz, 'infinity'), $3)
    order by t.started_at desc, t.id desc limit $4`,
});

/** The owner's transfers before one of them, or the latest; newest first. */
export async function readTransfers(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, before, most }: { ownerId: string; before: { at: Date; id: string } | null; most: number },
): Promise<PastTransfer[]> {
  const rows = await run(pool, TRANSFERS, [ownerId, before?.at ?? null, before?.id ?? '', most]);
  return rows.map((row) => ({
    id: row.id,
    at: row.started_at,
    state: row.state,
    sentences: sentencesOf(row, row.scopes),
    clientName: row.client_name,
    label: row.label,
    hostName: row.host_name,
    bearer: row.bearer,
    gone: row.gone,
    late: row.late,
  }));
}

function sentencesOf(
  { transfer_scopes: transferScopes }: { transfer_scopes: unknown },
  scopes: readonly string[],
): string[] {
  return scopeSentences({ transferScopes }, scopes).map(({ sentence }) => sentence);
}
