import pg from 'pg';

/** How much of everything there is. */
export interface Size {
  /** Connections, tokens and transfers at the AM; links' grants, tokens and transfer grants at the Host. */
  readonly rows: number;
}

/**
 * A table, how many rows it gets for each of `rows`, and what differs from row to row; everything else is copied from
 * an existing row.
 */
interface Filled {
  readonly table: string;
  readonly share: number;
  readonly own: Readonly<Record<string, string>>;
}

const GRANT = `'grown_' || i`;
const HASH = `sha256(('grown ' || i)::bytea)`;
const TRANSFER_GRANT = `substr(md5('grown ' || i), 1, 22)`;
/**
 * A few owners have much and most have little: the first of a hundred thousand has three in a thousand of everything,
 * the first tenth a third.
 */
const ownerOf = (owners: number): string => `'owner_' || floor(${owners} * power((i * 0.61803398875) % 1, 2))::int`;
const bucketOf = (owner: string): string =>
  `(get_byte(sha256((${owner})::bytea), 0) << 8 | get_byte(sha256((${owner})::bytea), 1))`;

function tablesOf({ rows }: Size): Readonly<Record<'am' | 'photos', readonly Filled[]>> {
  const owners = Math.max(1, rows / 20);
  const owner = ownerOf(owners);
  const bucket = bucketOf(owner);
  const linkOwner = ownerOf(owners).replaceAll('i *', '(i + 1) *');
  return {
    am: [
      { table: 'owner', share: 1 / 20, own: { id: `'owner_' || i - 1` } },
      { table: 'oauth_client', share: 1 / 20, own: { id: `'client_' || i`, registration_token_hash: HASH } },
      { table: 'link', share: 1 / 10, own: { id: `'link_' || i`, owner_id: linkOwner } },
      { table: 'oauth_grant', share: 1, own: { id: GRANT, bucket, subject: owner } },
      { table: 'oauth_token', share: 1, own: { hash: HASH, bucket, grant_id: GRANT } },
      { table: 'connection', share: 1, own: { id: GRANT, owner_id: owner } },
      { table: 'connection_host', share: 1, own: { connection_id: GRANT, grant_id: TRANSFER_GRANT } },
      {
        table: 'transfer',
        share: 1,
        own: {
          id:
            "'tr_' || lpad(to_hex((extract(epoch from now()) * 1000)::bigint), " +
            "12, '0') || '7' || lpad(i::text, 19, '0')",
          bucket,
          owner_id: owner,
          connection_id: GRANT,
          started_at: `now() - (i % 3600) * interval '1 second'`,
        },
      },
    ],
    photos: [
      { table: 'oauth_grant', share: 1, own: { id: GRANT, bucket, subject: owner } },
      { table: 'oauth_token', share: 1, own: { hash: HASH, bucket, grant_id: GRANT } },
      { table: 'oauth_transfer_grant', share: 1, own: { id: TRANSFER_GRANT, bucket, grant_id: GRANT } },
    ],
  };
}

/**
 * Fills the tables of an AM and a Host; `urlOf` gives their databases, as a superuser's. Each table must have a row
 * already.
 */
export async function grow(
  urlOf: (role: 'am' | 'photos') => string,
  size: Size,
  filled: (table: string, rows: number) => void,
): Promise<void> {
  for (const [role, tables] of Object.entries(tablesOf(size))) {
    const client = new pg.Client({ connectionString: urlOf(role as 'am' | 'photos') });
    await client.connect();
    try {
      // as a restored backup is loaded: the copied rows' references are valid, and what a crash would lose is made
      // again
      await client.query(
        `set session_replication_role = replica; set synchronous_commit = off; set search_path = ${role}`,
      );
      for (const table of tables) {
        const rows = Math.round(size.rows * table.share);
        const inserted = await fill(client, table, rows);
        if (inserted < rows) throw new Error(`${role}.${table.table}: ${inserted} of ${rows} rows`);
        filled(`${role}.${table.table}`, inserted);
      }
      await client.query('analyze');
      await client.query('checkpoint');
    } finally {
      await client.end();
    }
  }
}

async function fill(client: pg.Client, { table, own }: Filled, rows: number): Promise<number> {
  const { rows: columns } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_schema = current_schema and table_name = $1 and is_generated = 'NEVER' order by ordinal_position`,
    [table],
  );
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const values = columns.map(({ name }) => own[name] ?? `model."${name}"`).join(', ');
  const { rowCount } = await client.query(
    `insert into "${table}" (${names}) select ${values}
      from (select * from "${table}" limit 1) model, generate_series(1, ${rows}) i`,
  );
  return rowCount ?? 0;
}
