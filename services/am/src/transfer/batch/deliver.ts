import type { TransferAnswer, TransfersResponse } from '@chatelaine/protocol';
import { answersTo, type BatchCall, type BatchDeps, type Outcome, runItem, withholdAll } from './call.ts';

/** Where lines are written to. */
export interface Sink {
  /** Resolves when the text has left this process; rejects when it never will. */
  write(text: string): Promise<void>;
}

/** Called for each delivery, for the log. */
export type Delivered = (answers: readonly TransferAnswer[]) => void;

export interface Delivery {
  readonly call: BatchCall;
  /** Fires when the caller is gone. */
  readonly gone: AbortSignal;
  readonly delivered: Delivered;
}

/** Lines in one write: what is handed out together must be sent together. */
const LINES_AT_ONCE = 16;
/** Finished outcomes that may wait for the reader before no more items begin. */
const HELD_AT_MOST = 16;

/**
 * All answers in the order of the request, once all are there. Nothing is handed out before. Null: the caller is gone.
 */
export async function asDocument(
  deps: BatchDeps,
  { call, gone, delivered }: Delivery,
): Promise<TransfersResponse | null> {
  const outcomes = await Promise.all(call.body.transfers.map((item) => runItem(deps, call, item)));
  if (gone.aborted) {
    await withholdAll(deps, outcomes);
    return null;
  }
  const transfers = await answersTo(deps, { call, outcomes });
  delivered(transfers);
  return { transfers };
}

/**
 * Each answer as its Host answers. An answer is handed out only when everything before it has left this process, so a
 * caller that does not read holds up nobody else: no item begins while many outcomes wait, and none of those is handed
 * out. Rejects if the sink does or `gone` fires; by then everything not handed out has been withheld.
 */
export async function asLines(deps: BatchDeps, { call, gone, delivered }: Delivery, sink: Sink): Promise<void> {
  const arrived: Outcome[] = [];
  let wake = (): void => {};
  const open = (): boolean => arrived.length < HELD_AT_MOST;
  const items = call.body.transfers.map(async (item) => {
    arrived.push(await runItem(deps, { ...call, open }, item));
    wake();
  });
  let left = items.length;
  gone.addEventListener('abort', () => wake(), { once: true });
  try {
    while (left > 0) {
      if (arrived.length === 0 && !gone.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      gone.throwIfAborted();
      const outcomes = arrived.splice(0, LINES_AT_ONCE);
      deps.transfers.look();
      const answers = await answersTo(deps, { call, outcomes });
      delivered(answers);
      left -= answers.length;
      await sink.write(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
    }
  } finally {
    // after the last line there is nothing left; otherwise `gone` or the deadline ends them all
    await Promise.all(items);
    await withholdAll(deps, arrived);
  }
}
