import type { Pool } from './pool.ts';

/** What a query over many inputs needs to stand for one query each. */
export interface BatchOptions<Input, Output> {
  /** For each input its own: the query as it is without batching. */
  readonly one: (input: Input) => Promise<Output>;
  /** For two inputs or more, in one statement and so in one transaction; answers in the order of the inputs. */
  readonly many: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  /**
   * What an input is the only one to use in its statement: something good once, a counter, a row that is written. One
   * snapshot would call a proof fresh for both of two inputs. None by default: for reads.
   */
  readonly keysOf?: (input: Input) => readonly string[];
}

/** Inputs of one statement. */
const MOST = 64;
/** Longer than this an input never waits for others, whatever is under way. */
const WAIT_MS = 1;

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly keys: readonly string[];
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes a query of which several run at the same time run them as one statement: one round trip, one plan, one commit.
 * It is called, and answers, like the single query. ADR 0024.
 *
 * An input that is alone is sent in the same turn of the event loop. While a statement is under way others gather, for
 * 1 ms at most. Nothing joins a statement that was sent. When a statement failed and nothing of it remains, each of its
 * inputs is run by itself, so that none hears of another's error; when what became of it is not known (the connection
 * broke), each input hears that, and nothing is repeated.
 */
export function batched<Input, Output>(options: BatchOptions<Input, Output>): (input: Input) => Promise<Output> {
  const { keysOf = () => [] } = options;
  let queue: Waiting<Input, Output>[] = [];
  let underWay = 0;
  let scheduled = false;
  let late: NodeJS.Timeout | undefined;

  const flush = (): void => {
    scheduled = false;
    clearTimeout(late);
    late = undefined;
    while (queue.length > 0) {
      const { batch, left } = take(queue);
      queue = left;
      underWay += 1;
      void send(options, batch).finally(() => {
        underWay -= 1;
        if (queue.length > 0) flush();
      });
    }
  };

  return (input) => {
    const { promise, resolve, reject } = Promise.withResolvers<Output>();
    queue.push({ input, keys: keysOf(input), resolve, reject });
    if (underWay === 0) {
      // what came with it in this turn goes with it
      if (!scheduled) setImmediate(flush);
      scheduled = true;
    } else if (queue.length >= MOST) flush();
    else late ??= setTimeout(flush, WAIT_MS);
    return promise;
  };
}

/** {@link batched} for each pool that it is called with. */
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
 * The rows of a statement over many inputs, from arrays of these types: the first is parameter `first`, and `n` comes
 * with ordinality. The planner does not see how long they are: it would find a plan for just so many cheaper than the
 * one for any number, and plan anew each time.
 */
export const rowsOf = (types: readonly string[], first = 1): string =>
  `unnest(${types.map((type, index) => `(select $${first + index}::${type}[])`).join(', ')}) with ordinality`;

/** What a statement over {@link rowsOf} takes: of each parameter the values of all inputs. */
export const columnsOf = (inputs: readonly (readonly unknown[])[]): unknown[][] =>
  (inputs[0] ?? []).map((_, column) => inputs.map((values) => values[column]));

/** The first ones that may be in one statement; what is left is in a statement of its own, beside it. */
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
 * Whether the server itself says that the statement failed and the connection lives: nothing of it remains, whatever
 * the reason (a bad input, a lock, the time limit, no memory). Not so when the connection ended (FATAL), or when a
 * commit was not waited for (08007).
 */
function isRolledBack(error: unknown): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown };
  return severity === 'ERROR' && typeof code === 'string' && !code.startsWith('08');
}
