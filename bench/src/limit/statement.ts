import pg from 'pg';

/** Whether the statements of concurrent requests are sent together. */
export const BATCHED = process.env['BATCHED'] === 'yes';

/** With generic plans: the planner overestimates those for an array, and would plan each time. */
export function openLimitPool(): pg.Pool {
  return new pg.Pool({
    connectionString: process.env['DATABASE_URL'],
    max: BATCHED ? 4 : 10,
    idleTimeoutMillis: 0,
    options: '-c plan_cache_mode=force_generic_plan',
  });
}

type Values = readonly unknown[];
type Row = { readonly n: number } & Readonly<Record<string, unknown>>;
type Run = (values: Values) => Promise<Row | undefined>;

/**
 * A statement over arrays: each value of a request is an element of its column; rows are returned with `n`, the
 * request's ordinal.
 */
export function statement(pool: pg.Pool, name: string, text: string): Run {
  const run = async (requests: readonly Values[]): Promise<(Row | undefined)[]> => {
    const columns = (requests[0] ?? []).map((_, column) => requests.map((values) => values[column]));
    const { rows } = await pool.query<Row>({ name, text, values: columns });
    const answers = requests.map((): Row | undefined => undefined);
    for (const row of rows) answers[row.n - 1] = row;
    return answers;
  };
  return BATCHED ? batched(run) : async (values) => (await run([values]))[0];
}

interface Waiting {
  readonly values: Values;
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

const MOST = 256;

/** While one statement runs, the next is collected. */
function batched(run: (requests: readonly Values[]) => Promise<(Row | undefined)[]>): Run {
  const queue: Waiting[] = [];
  let busy = false;
  const flush = (): void => {
    if (busy || queue.length === 0) return;
    busy = true;
    const batch = queue.splice(0, MOST);
    run(batch.map(({ values }) => values))
      .then(
        (rows) => batch.forEach(({ resolve }, index) => resolve(rows[index])),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        busy = false;
        flush();
      });
  };
  return (values) => {
    const { promise, resolve, reject } = Promise.withResolvers<Row | undefined>();
    queue.push({ values, resolve, reject });
    if (!busy && queue.length === 1) setImmediate(flush);
    return promise;
  };
}
