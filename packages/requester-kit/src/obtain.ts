import type { Kit } from './options.ts';
import { keyOf, type TransferRequest } from './token-cache.ts';
import type { TransferOutcome } from './transfer.ts';

/** The caller that asked on behalf of all was aborted; the others' requests still have to be made. */
export interface Abandoned {
  readonly kind: 'abandoned';
}
export const ABANDONED: Abandoned = { kind: 'abandoned' };

export type Shared = TransferOutcome | Abandoned;

export function shareKeyOf(request: TransferRequest): string {
  // a caller that can wait gets a different answer
  return `transfer ${request.wait ?? ''} ${keyOf(request)}`;
}

/** The outcome of a request, made once however many callers wait for it; a token goes into the cache. */
export async function obtain(
  kit: Kit,
  request: TransferRequest,
  ask: () => Promise<TransferOutcome>,
): Promise<TransferOutcome> {
  for (;;) {
    const outcome = await kit.share<Shared>(shareKeyOf(request), async () => {
      const mark = kit.tokens.mark();
      const asked = await ask();
      if (asked.kind === 'token') kit.tokens.put(request, asked.token, mark);
      return asked;
    });
    if (outcome.kind !== 'abandoned') return outcome;
  }
}
