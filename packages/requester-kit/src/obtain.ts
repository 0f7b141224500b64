import type { Kit } from './options.ts';
import { keyOf, type TransferRequest } from './token-cache.ts';
import type { TransferOutcome } from './transfer.ts';

/** Whoever asked on behalf of all was called off; what they would have got is still to be asked for. */
export interface Abandoned {
  readonly kind: 'abandoned';
}
export const ABANDONED: Abandoned = { kind: 'abandoned' };

export type Shared = TransferOutcome | Abandoned;

export function shareKeyOf(request: TransferRequest): string {
  // who can wait is answered otherwise than who cannot
  return `transfer ${request.wait ?? ''} ${keyOf(request)}`;
}

/** The outcome for a request, asked for once however many wait for it; what is a token goes into the cache. */
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
