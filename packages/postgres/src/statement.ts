import type { Pool, QueryResultRow } from 'pg';
import type { Db } from './pool.ts';

/** A named statement: planned once per connection. `Row` is what it returns. */
export interface Statement<Row extends QueryResultRow> {
  readonly name: string;
  readonly text: string;
  /** For a statement that may take longer than others (its transaction then says so to Postgres as well). */
  readonly patienceMs?: number;
  /** Only in the type. */
  readonly row?: Row;
}

const texts = new Map<string, string>();

/** Declares a named statement, once per module. A name stands for one text in the whole process, because Postgres would run the first one. */
export function statement<Row extends QueryResultRow = Record<string, never>>(input: {
  name: string;
  text: string;
  patienceMs?: number;
}): Statement<Row> {
  const known = texts.get(input.name);
  if (known !== undefined && known !== input.text) throw new Error(`Two statements are named ${input.name}.`);
  texts.set(input.name, input.text);
  return input;
}

/** Runs a named statement and returns its rows. Rejects with the error of `pg`. */
export async function query<Row extends QueryResultRow>(
  db: Db,
  { name, text, patienceMs }: Statement<Row>,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const patience = patienceMs === undefined ? {} : { query_timeout: patienceMs };
  const { rows } = await (db as Pick<Pool, 'query'>).query<Row>({ name, text, values: [...values], ...patience });
  return rows;
}

/** Like `query`, for a statement that returns at most one row. */
export async function queryOne<Row extends QueryResultRow>(
  db: Db,
  one: Statement<Row>,
  values: readonly unknown[] = [],
): Promise<Row | null> {
  const rows = await query(db, one, values);
  if (rows.length > 1) throw new Error(`Statement ${one.name} returned ${rows.length} rows where one was expected.`);
  return rows[0] ?? null;
}
