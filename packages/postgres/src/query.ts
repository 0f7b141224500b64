import type { QueryResultRow } from 'pg';
import type { Db, Pool } from './pool.ts';
import { retry } from './retry.ts';

/** A named SQL query: planned once per connection. `Row` is what it returns. */
export interface Query<Row extends QueryResultRow = Record<string, never>> {
  readonly name: string;
  readonly text: string;
  /**
   * In milliseconds, for a query that may take longer than others (its transaction then says so to Postgres as well).
   */
  readonly patienceMs?: number;
  /** Only in the type. */
  readonly row?: Row;
}

const texts = new Map<string, string>();

/**
 * Declares a query, once per module. A name stands for one text in the whole process, because Postgres would run the
 * first one.
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
 * Runs a query and returns its rows. On a pool it is a transaction of its own, and run again when Postgres gave it up
 * because of others; on the client of a transaction that is up to the transaction. Rejects with the error of `pg`.
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

/** Like `run`, for a query that returns at most one row. */
export async function runOne<Row extends QueryResultRow>(
  db: Db,
  query: Query<Row>,
  values: readonly unknown[] = [],
): Promise<Row | null> {
  const rows = await run(db, query, values);
  if (rows.length > 1) throw new Error(`Query ${query.name} returned ${rows.length} rows where one was expected.`);
  return rows[0] ?? null;
}

/** Like `run`, for a query that always returns one row. */
export async function runForRow<Row extends QueryResultRow>(
  db: Db,
  query: Query<Row>,
  values: readonly unknown[] = [],
): Promise<Row> {
  const row = await runOne(db, query, values);
  if (row === null) throw new Error(`Query ${query.name} returned no row.`);
  return row;
}

/** By its shape: whoever brings a pool may have another copy of `pg`. */
const isPool = (db: Db): boolean => 'totalCount' in db;
