import { SIZE } from './documents.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

/** Rows per statement: it keeps transactions short, and a replica that stops in the middle loses little work. */
const BATCH = 1000;

/** Deletes the expired rows of a table. Rows that another replica is deleting are skipped, not waited for. */
function reaper(name: string, table: string, key: string, condition: string): Query<{ count: number }> {
  return {
    name: `oauth_reap_${name}`,
    text: `with dead as (
      select ${key} from ${table} as r where ${condition} limit ${BATCH} for update of r skip locked
    ), gone as (
      delete from ${table} where (${key}) in (select ${key} from dead) returning 1
    )
    select count(*)::int as count from gone`,
  };
}

/**
 * Deletes expired rows that belong to a grant, and ends the grants that have nothing left to redeem or refresh with:
 * their code was never redeemed, or the refresh token was not used until it expired. Host access tokens (`at`) do not
 * keep a grant alive.
 */
function reaperUnderGrant(name: string, table: string, condition: string): Query<{ count: number }> {
  return {
    name: `oauth_reap_${name}`,
    text: `with dead as (
      select bucket, hash from ${table} where ${condition} limit ${BATCH} for update skip locked
    ), gone as (
      delete from ${table} where (bucket, hash) in (select bucket, hash from dead) returning *
    ), ended as (
      update oauth_grant g set ended_at = now(), ended_by = 'server'
      where (bucket, id) in (select bucket, grant_id from gone) and ended_at is null
        and not exists (
          select from oauth_token t
          where t.bucket = g.bucket and t.grant_id = g.id and t.kind <> 'at' and t.expires_at > now()
        )
    )
    select count(*)::int as count from gone`,
  };
}

const REAPERS: readonly Query<{ count: number }>[] = [
  // guards expire by the server's clock, which may differ from the database's a little
  reaper('replay', 'oauth_replay', 'id', `expires_at < now() - interval '5 minutes'`),
  reaper('proofs', 'oauth_proof', 'id', `expires_at < now() - interval '5 minutes'`),
  reaper('requests', 'oauth_request', 'hash', 'expires_at < now()'),
  reaper('answers', 'oauth_answer', 'hash', 'expires_at < now()'),
  // a redeemed code stays for a day, so that a second redemption ends its grant
  reaperUnderGrant(
    'codes',
    'oauth_code',
    `expires_at < now() - interval '10 minutes' and (used_at is null or expires_at < now() - interval '1 day')`,
  ),
  reaperUnderGrant('tokens', 'oauth_token', `expires_at < now() - interval '1 day'`),
  {
    name: 'oauth_end_expired_grants',
    text: `with dead as (
      select bucket, id from oauth_grant where ended_at is null and expires_at <= now() limit ${BATCH}
        for update skip locked
    ), ended as (
      update oauth_grant set ended_at = now(), ended_by = 'server' where (bucket, id) in (select bucket, id from dead)
        returning 1
    )
    select count(*)::int as count from ended`,
  },
  {
    name: 'oauth_reap_grants',
    text: `with dead as (
      select bucket, id from oauth_grant where ended_at < now() - interval '1 day' limit ${BATCH} for update skip locked
    ), transfers as (
      delete from oauth_transfer_grant where (bucket, grant_id) in (select bucket, id from dead) returning 1
    ), gone as (
      delete from oauth_grant where (bucket, id) in (select bucket, id from dead) returning 1
    )
    select (select count(*) from gone)::int + (select count(*) from transfers)::int as count`,
  },
  // a week is longer than any mint takes; a tombstone of a known link stays as long as the link
  reaper(
    'tombstones',
    'oauth_transfer_grant',
    'client_id, id',
    `ended_at < now() - interval '7 days' and grant_id is null`,
  ),
  reaper(
    'clients',
    'oauth_client',
    'id',
    `created_at < now() - interval '1 day' and used_at is null and not exists (select from oauth_request
      where client_id = r.id)`,
  ),
  // a stale document may be used for another day while its server is down
  reaper('documents', 'oauth_document', 'url', `fetched_at < now() - interval '2 days' and fresh_until < now()`),
  reaper('rate_limits', 'oauth_rate_limit', 'key', `expire < extract(epoch from now() - interval '1 hour') * 1000`),
];

/**
 * Deletes the documents that were fetched longest ago, because those in use are fetched again and again. It does so
 * once three quarters of the room are used.
 */
const REAP_DOCUMENTS_OVER: Query<{ count: number }> = {
  name: 'oauth_reap_documents_over',
  text: `with newest_first as (
    select url, sum(${SIZE}) over (order by fetched_at desc, url) as bytes from oauth_document
  ), gone as (
    delete from oauth_document where url in (select url from newest_first where bytes > $1::bigint * 3 / 4
      limit ${5 * BATCH})
    returning 1
  )
  select count(*)::int as count from gone`,
};

/**
 * Batches per run, so at most a hundred thousand rows of each table. With one batch a busy table would grow for ever.
 */
const BATCHES = 100;

export async function reap(db: Db, { documentBytes }: { documentBytes: number }): Promise<number> {
  const queries = [...REAPERS.map((query) => ({ query, values: [] })), over(documentBytes)];
  let total = 0;
  for (const { query, values } of queries)
    for (let batch = 0; batch < BATCHES; batch++) {
      const [row] = await run(db, query, values);
      total += row?.count ?? 0;
      if ((row?.count ?? 0) < BATCH) break;
    }
  return total;
}

const over = (documentBytes: number) => ({ query: REAP_DOCUMENTS_OVER, values: [documentBytes] });
