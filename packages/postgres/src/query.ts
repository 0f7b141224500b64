import type { QueryResultRow } from 'pg';
import type { Db, Pool } from './pool.ts';
import { retry } from './retry.ts';

/** A named SQL query, which Postgres plans once per connection. `Row` is the type of its rows. */
export interface Query<Row extends QueryResultRow = Record<string, never>> {
  readonly name: string;
  readonly text: string;
  /** Milliseconds that a slow query may take. Its transaction must raise the statement timeout as well. */
  readonly patienceMs?: number;
  /** Exists in the type only. */
  readonly row?: Row;
}

const texts = new Map<string, string>();

/**
 * Declares a query, once per module. A name must stand for one text in the whole process, because Postgres would go on
 * running the first text.
 */
export function defineQuery<Row extends QueryResultRow = Record<string, never>>(input: {
  name: string;
  text: string;
  patienceMs?: number;
}): Query<Row> {
  const known = texts.get(input.name);
  if (known !== undefined && known !== input.text) throw new Error(`Two queries are named ${input.name}.`);
  texts.set(input.name, input.text);
  return input;
}

/**
 * Runs a query and returns its rows. On a pool the query is a transaction of its own, and is retried after a deadlock
 * or serialization failure; on the client of a transaction, the transaction decides that. Rejects with the error of
 * `pg`.
 */
export async function run<Row extends QueryResultRow>(
  db: Db,
  { name, text, patienceMs }: Query<Row>,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const config = { name, text, values: [...values], ...(patienceMs !== undefined && { query_timeout: patienceMs }) };
  const once = async (): Promise<Row[]> => (await (db as Pick<Pool, 'query'>).query<Row>(config)).rows;
  return isPool(db) ? retry(once) : once();
}

/** Like {@link run}, for a query that returns at most one row. */
export async function runOne<Row extends QueryResultRow>(
  db: Db,
  query: Query<Row>,
  values: readonly unknown[] = [],
): Promise<Row | null> {
  const rows = await run(db, query, values);
  if (rows.length > 1) throw new Error(`Query ${query.name} returned ${rows.length} rows where one was expected.`);
  return rows[0] ?? null;
}

/** Like {@link run}, for a query that always returns one row. */
export async function runForRow<Row extends QueryResultRow>(
  db: Db,
  query: Query<Row>,
  values: readonly unknown[] = [],
): Promise<Row> {
  const row = await runOne(db, query, values);
  if (row === null) throw new Error(`Query ${query.name} returned no row.`);
  return row;
}

/** By its shape, because the pool may come from another copy of `pg`. */
const isPool = (db: Db): boolean => 'totalCount' in db;
