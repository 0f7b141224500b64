import type { CachedDocument, OAuthStorage } from '@chatelaine/oauth-server';
import { type Db, type Query, run } from '@chatelaine/postgres';

const READ_DOCUMENT: Query<Row> = {
  name: 'oauth_read_document',
  text: `select body, extract(epoch from now() - fetched_at)::float8 as age,
    extract(epoch from fresh_until - now())::float8 as fresh_for
  from oauth_document where url = $1`,
};

/**
 * Bytes for all documents together, because strangers decide which are fetched. A document counts with its stored size,
 * and at least with what a row and its index entry take.
 */
export const DOCUMENT_BYTES = 33_554_432;
export const SIZE = 'greatest(pg_column_size(body), 2048)';

// If there is no room until the reaper runs, the document is not stored: processes keep it for seconds, and fetch it
// again.
const WRITE_DOCUMENT: Query = {
  name: 'oauth_write_document',
  text: `insert into oauth_document (url, body, fetched_at, fresh_until)
  select $1::text, $2::json, now(), now() + $3::float8 * interval '1 second'
  where (select coalesce(sum(${SIZE}), 0) from oauth_document) < $4::bigint
  on conflict (url) do update set body = excluded.body, fetched_at = excluded.fetched_at,
    fresh_until = excluded.fresh_until`,
};

interface Row {
  body: unknown;
  age: number;
  fresh_for: number;
}

export async function readDocument(db: Db, url: string): Promise<CachedDocument | null> {
  const [row] = await run(db, READ_DOCUMENT, [url]);
  return row === undefined ? null : { url, body: row.body, ageSeconds: row.age, freshForSeconds: row.fresh_for };
}

export async function writeDocument(
  db: Db,
  { url, body, freshForSeconds }: Parameters<OAuthStorage['writeDocument']>[0],
  mostBytes: number,
): Promise<void> {
  await run(db, WRITE_DOCUMENT, [url, JSON.stringify(body), freshForSeconds, mostBytes]);
}
