import type { Pool, QueryResultRow } from 'pg';

/** Where statements run: the pool, or a client inside a transaction. */
export type Db = Pick<Pool, 'query'>;

/** A prepared statement. Its name is sent once per connection together with its text, so both must be constant. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** What a statement takes; arrays go to `unnest` or to array columns. */
export type Value =
  | string
  | number
  | Buffer
  | null
  | readonly string[]
  | readonly number[]
  | readonly Buffer[]
  | boolean;

/** 40001 serialization_failure, 40P01 deadlock_detected: the statement left nothing behind and may be run again. */
const RETRYABLE = new Set(['40001', '40P01']);
const MAX_RETRIES = 3;

/** Runs one statement as its own transaction. Any other error than a lost race goes to the caller as it is. */
export async function run<Row extends QueryResultRow>(
  db: Db,
  statement: Statement,
  values: readonly Value[],
): Promise<Row[]> {
  const { rows } = await retry(() => db.query<Row>({ ...statement, values: [...values] }));
  return rows;
}

/** The row of a statement that always answers with one. */
export async function runForRow<Row extends QueryResultRow>(
  db: Db,
  statement: Statement,
  values: readonly Value[],
): Promise<Row> {
  const [row] = await run<Row>(db, statement, values);
  if (row === undefined) throw new Error(`${statement.name} answered without a row`);
  return row;
}

/** Repeats a transaction that lost a race, at most three times. */
export async function retry<T>(transaction: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await transaction();
    } catch (error) {
      if (retries >= MAX_RETRIES || !RETRYABLE.has(sqlState(error) ?? '')) throw error;
    }
  }
}

function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
