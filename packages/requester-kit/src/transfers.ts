import { createArrivals } from './arrivals.ts';
import { askAll } from './ask-all.ts';
import type { Kit } from './options.ts';
import type { ConnectionRef } from './requester-store.ts';
import { keyOf, type TransferRequest } from './token-cache.ts';
import { MALFORMED, requestOf, type TransferOutcome, type Wanted, withoutWaiting } from './transfer.ts';

export interface TransfersInput<Item extends Wanted> extends ConnectionRef {
  /** As many as you like, with repeats if you like. Other members of an item are returned with its outcome. */
  readonly items: readonly Item[];
  /** As in a single transfer, for every item. */
  readonly wait?: 'deferred';
  /** Aborts: the iteration throws the signal's reason, and the call ends. */
  readonly signal?: AbortSignal;
}

/** The outcome of one item. */
export interface Transferred<Item extends Wanted> {
  /** The item as it was given. */
  readonly item: Item;
  /** Its index among the items. */
  readonly index: number;
  readonly outcome: TransferOutcome;
  /** Number of items with an outcome so far, this one included. */
  readonly done: number;
  readonly total: number;
}

/**
 * Tokens for many Hosts over one connection, each as it arrives: cached ones at once, the others by the AM's batch
 * call, 200 at a time. Every item gets exactly one outcome, whatever the AM does. Leaving the loop ends the call.
 * PROTOCOL §5.
 */
export async function* transfers<Item extends Wanted>(
  kit: Kit,
  input: TransfersInput<Item>,
): AsyncGenerator<Transferred<Item>, void, undefined> {
  const { signal } = input;
  signal?.throwIfAborted();
  const items = [...input.items];
  const { ready, wanted, due } = sort(kit, input, items);
  const left = new AbortController();
  const arrivals = createArrivals<{ key: string; outcome: TransferOutcome }>();
  const fail = (): void => arrivals.fail(signal?.reason);
  signal?.addEventListener('abort', fail, { once: true });
  let done = 0;
  const report = (index: number, outcome: TransferOutcome): Transferred<Item>[] => {
    const item = items[index];
    return item === undefined ? [] : [{ item, index, outcome, done: ++done, total: items.length }];
  };
  askAll(kit, {
    requests: [...wanted.values()].map(({ request }) => request),
    signal: signal === undefined ? left.signal : AbortSignal.any([left.signal, signal]),
    answered: (request, outcome) => arrivals.push({ key: keyOf(request), outcome }),
  }).then(arrivals.end, arrivals.fail);
  if (due.length > 0)
    kit.background.run(() =>
      askAll(kit, { requests: due, signal: new AbortController().signal, answered: () => undefined }),
    );
  try {
    for (const [index, outcome] of ready) yield* report(index, outcome);
    for await (const { key, outcome } of arrivals)
      for (const index of wanted.get(key)?.indices ?? []) yield* report(index, outcome);
  } finally {
    signal?.removeEventListener('abort', fail);
    left.abort();
  }
}

interface Sorted {
  /** Outcomes that need no call. */
  readonly ready: readonly (readonly [index: number, outcome: TransferOutcome])[];
  /** What to request, without repeats, and the items that want it. */
  readonly wanted: ReadonlyMap<string, { readonly request: TransferRequest; readonly indices: number[] }>;
  /** Cached tokens that should be renewed while they are still good. */
  readonly due: readonly TransferRequest[];
}

function sort(
  kit: Kit,
  { owner, connectionId, wait }: ConnectionRef & { readonly wait?: 'deferred' },
  items: readonly Wanted[],
): Sorted {
  const ready: [number, TransferOutcome][] = [];
  const wanted = new Map<string, { request: TransferRequest; indices: number[] }>();
  const due: TransferRequest[] = [];
  const renews = kit.background.hasRoom();
  for (const [index, { resource, scope, purpose }] of items.entries()) {
    const about = { ...(purpose !== undefined && { purpose }), ...(wait && { wait }) };
    const request = requestOf(kit, { owner, connectionId, resource, scope, ...about });
    const token = request === null ? null : kit.tokens.get(request);
    if (request === null) ready.push([index, MALFORMED]);
    else if (token !== null) {
      ready.push([index, { kind: 'token', token }]);
      if (renews && kit.tokens.claimRenewal(request)) due.push(withoutWaiting(request));
    } else {
      const already = wanted.get(keyOf(request));
      if (already === undefined) wanted.set(keyOf(request), { request, indices: [index] });
      else already.indices.push(index);
    }
  }
  return { ready, wanted, due };
}
