import type { Pool } from './pool.ts';

/** A query that can also be run for many inputs at once. */
export interface BatchOptions<Input, Output> {
  /** Runs the query for one input, as it would be without batching. */
  readonly one: (input: Input) => Promise<Output>;
  /**
   * Runs it for two inputs or more, in one statement and so in one transaction. Returns the outputs in the order of the
   * inputs.
   */
  readonly many: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  /**
   * What no two inputs of a statement may share: something that can be used once, a counter, a row that is written. In
   * one snapshot a proof would be fresh for both. Reads need none, which is the default.
   */
  readonly keysOf?: (input: Input) => readonly string[];
}

/** At most so many inputs per statement. */
const MOST = 64;
/** No input waits longer than this to be sent, whatever is under way. */
const WAIT_MS = 1;

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly keys: readonly string[];
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes a query that runs concurrent calls as one statement: one round trip, one plan, one commit. It is called like
 * the single query, and returns the same. ADR 0024.
 *
 * An input that comes alone is sent in the same turn of the event loop. While a statement is under way, and after one
 * that was for several, others gather, for 1 ms at most; nothing joins a statement that has been sent. If a statement
 * fails and was rolled back, each of its inputs is run by itself, so that none gets another's error. If its outcome is
 * unknown because the connection broke, every input gets that error and nothing is repeated.
 */
export function batched<Input, Output>(options: BatchOptions<Input, Output>): (input: Input) => Promise<Output> {
  const { keysOf = () => [] } = options;
  let queue: Waiting<Input, Output>[] = [];
  let underWay = 0;
  let scheduled = false;
  let late: NodeJS.Timeout | undefined;
  /** Whether the statement that was sent last was for several: then more are on their way, and a little wait pays. */
  let isBusy = false;

  const flush = (): void => {
    scheduled = false;
    isBusy = queue.length > 1;
    clearTimeout(late);
    late = undefined;
    while (queue.length > 0) {
      const { batch, left } = take(queue);
      queue = left;
      underWay += 1;
      void send(options, batch).finally(() => {
        underWay -= 1;
        if (queue.length > 0 && !isBusy) flush();
      });
    }
  };

  return (input) => {
    const { promise, resolve, reject } = Promise.withResolvers<Output>();
    queue.push({ input, keys: keysOf(input), resolve, reject });
    if (underWay === 0 && !isBusy) {
      // together with the other inputs of this turn
      if (!scheduled) setImmediate(flush);
      scheduled = true;
    } else if (queue.length >= MOST) flush();
    else late ??= setTimeout(flush, WAIT_MS);
    return promise;
  };
}

/** {@link batched}, separately for each pool. */
export function batchedOn<Input, Output>(
  optionsFor: (pool: Pool) => BatchOptions<Input, Output>,
): (pool: Pool, input: Input) => Promise<Output> {
  const known = new WeakMap<Pool, (input: Input) => Promise<Output>>();
  return (pool, input) => {
    const query = known.get(pool) ?? batched(optionsFor(pool));
    known.set(pool, query);
    return query(input);
  };
}

/**
 * SQL for the rows of a statement over many inputs: one array per column, of these types, the first of which is
 * parameter `first`; `n` is added by `with ordinality`. The arrays are in subqueries so that the planner does not see
 * their lengths: it would otherwise find a plan for each length cheaper than a generic one, and plan every time.
 */
export const rowsOf = (types: readonly string[], first = 1): string =>
  `unnest(${types.map((type, index) => `(select $${first + index}::${type}[])`).join(', ')}) with ordinality`;

/** The parameters of a statement over {@link rowsOf}: for each column the values of all inputs. */
export const columnsOf = (inputs: readonly (readonly unknown[])[]): unknown[][] =>
  (inputs[0] ?? []).map((_, column) => inputs.map((values) => values[column]));

/**
 * The inputs from the front of the queue that may share a statement. The others go into another, which is sent at once.
 */
function take<Input, Output>(
  queue: readonly Waiting<Input, Output>[],
): Record<'batch' | 'left', Waiting<Input, Output>[]> {
  const batch: Waiting<Input, Output>[] = [];
  const left: Waiting<Input, Output>[] = [];
  const used = new Set<string>();
  for (const one of queue) {
    const fits = batch.length < MOST && one.keys.every((key) => !used.has(key));
    (fits ? batch : left).push(one);
    for (const key of one.keys) used.add(key);
  }
  return { batch, left };
}

async function send<Input, Output>(
  { one, many }: BatchOptions<Input, Output>,
  batch: readonly Waiting<Input, Output>[],
): Promise<void> {
  const alone = async ({ input, resolve, reject }: Waiting<Input, Output>): Promise<void> => {
    try {
      resolve(await one(input));
    } catch (error) {
      reject(error);
    }
  };
  const [only, ...others] = batch;
  if (only !== undefined && others.length === 0) return alone(only);
  try {
    const outputs = await many(batch.map(({ input }) => input));
    if (outputs.length !== batch.length)
      throw new Error(`${batch.length} inputs of one statement got ${outputs.length} answers.`);
    for (const [index, { resolve }] of batch.entries()) resolve(outputs[index] as Output);
  } catch (error) {
    if (isRolledBack(error)) await Promise.all(batch.map(alone));
    else for (const { reject } of batch) reject(error);
  }
}

/**
 * Whether the server reports that the statement failed while the connection lives, so that it was rolled back, whatever
 * the reason (bad input, a lock, the time limit, memory). False if the connection ended (FATAL), or if a commit did not
 * wait for its standby (08007).
 */
function isRolledBack(error: unknown): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown };
  return severity === 'ERROR' && typeof code === 'string' && !code.startsWith('08');
}
