import { bucketOf } from '@chatelaine/crypto';
import type { ScopeSet } from '@chatelaine/protocol';
import { GRANT_ALIVE } from './sql/grant-row.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

/** A Requester that has been issued tokens through a link. */
export interface TransferEntry {
  /** The AM's `grant_id`. PROTOCOL §3.3. */
  readonly id: string;
  /** Its client id at the AM. */
  readonly requester: string;
  /** The name that the AM gave at the last mint; nobody has verified it. */
  readonly name: string | null;
  readonly uri: string | null;
  /** Epoch seconds, like all times here. */
  readonly firstMintedAt: number;
  readonly lastMintedAt: number;
  /** When the AM reported that the owner had stopped it; null while it may be issued further tokens. */
  readonly endedAt: number | null;
}

/** One of the owner's grants that is alive, with what was transferred through it. */
export interface GrantEntry {
  readonly id: string;
  readonly clientId: string;
  readonly scope: ScopeSet;
  readonly transferScope: ScopeSet | null;
  readonly createdAt: number;
  /** null: it lasts until somebody ends it. */
  readonly expiresAt: number | null;
  /** Latest first. */
  readonly transfers: readonly TransferEntry[];
}

/** A link whose code was never redeemed has no token and is not listed; the reaper deletes it. */
const ACCESS_LIST: Query<Row> = {
  name: 'oauth_access_list',
  text: `select g.id, g.client_id, g.scope, g.transfer_scope, extract(epoch from g.created_at)::float8 as created_at,
    extract(epoch from g.expires_at)::float8 as expires_at,
    tg.id as transfer_id, tg.act_sub, tg.actor_name, tg.actor_uri, extract(epoch from tg.created_at)::float8
      as first_minted_at,
    extract(epoch from tg.last_minted_at)::float8 as last_minted_at, extract(epoch from tg.ended_at)::float8 as ended_at
  from oauth_grant g
  left join oauth_transfer_grant tg on tg.bucket = g.bucket and tg.grant_id = g.id
  where g.bucket = $1 and g.subject = $2 and ${GRANT_ALIVE}
    and exists (select from oauth_token t where t.bucket = g.bucket and t.grant_id = g.id and t.expires_at > now())
  order by g.created_at desc, g.id, tg.last_minted_at desc, tg.id limit $3 offset $4`,
};

interface GrantColumns {
  id: string;
  client_id: string;
  scope: string[];
  transfer_scope: string[] | null;
  created_at: number;
  expires_at: number | null;
}
interface TransferColumns {
  transfer_id: string;
  act_sub: string;
  actor_name: string | null;
  actor_uri: string | null;
  first_minted_at: number;
  last_minted_at: number;
  ended_at: number | null;
}
type Row = GrantColumns & (TransferColumns | { transfer_id: null });

/** Lines per page. A line is a Requester, or a grant without any. */
export const ACCESS_PAGE = 100;

/**
 * One page of the owner's grants that are alive, latest first. A grant with many Requesters continues on the next page.
 */
export async function accessList(
  db: Db,
  subject: string,
  { page }: { page: number },
): Promise<{ readonly grants: readonly GrantEntry[]; readonly hasMore: boolean }> {
  const rows = await run(db, ACCESS_LIST, [bucketOf(subject), subject, ACCESS_PAGE + 1, (page - 1) * ACCESS_PAGE]);
  const shown = rows.slice(0, ACCESS_PAGE);
  const grants = [...Map.groupBy(shown, (row) => row.id).values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [toGrantEntry(first, [first, ...more])],
  );
  return { grants, hasMore: rows.length > ACCESS_PAGE };
}

const OWNS: Query = {
  name: 'oauth_owns_grant',
  text: `select 1 from oauth_grant g where g.bucket = $1 and g.id = $2 and g.subject = $3 and ${GRANT_ALIVE}`,
};

/** Whether a grant is alive and belongs to this owner. */
export async function ownsGrant(db: Db, { subject, id }: { subject: string; id: string }): Promise<boolean> {
  return (await run(db, OWNS, [bucketOf(subject), id, subject])).length === 1;
}

function toGrantEntry(grant: GrantColumns, rows: readonly Row[]): GrantEntry {
  return {
    id: grant.id,
    clientId: grant.client_id,
    scope: grant.scope,
    transferScope: grant.transfer_scope,
    createdAt: grant.created_at,
    expiresAt: grant.expires_at,
    transfers: rows.flatMap((row) => (row.transfer_id === null ? [] : [toTransferEntry(row)])),
  };
}

const toTransferEntry = (row: TransferColumns): TransferEntry => ({
  id: row.transfer_id,
  requester: row.act_sub,
  name: row.actor_name,
  uri: row.actor_uri,
  firstMintedAt: row.first_minted_at,
  lastMintedAt: row.last_minted_at,
  endedAt: row.ended_at,
});
