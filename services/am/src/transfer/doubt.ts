import type { Exchanged, Failure } from '@chatelaine/oauth-client';
import { OutboundError } from '@chatelaine/outbound-http';
import type { Deps } from '../deps.ts';

/** Of one transfer, while its Host is asked: whether it may have minted something of which nobody here knows. */
export interface Doubt {
  minted: boolean;
}

/** The way out, for requests that mint: from when one leaves, it may have. */
export function doubting(outbound: Deps['outbound'], doubt: Doubt): Deps['outbound'] {
  return {
    ...outbound,
    async fetch(input, init) {
      doubt.minted = true;
      try {
        return await outbound.fetch(input, init);
      } catch (error) {
        if (error instanceof OutboundError && error.unsent) doubt.minted = false;
        throw error;
      }
    },
  };
}

/** An OAuth error says that nothing was minted; not when somebody in between may have said it, of a Host whose answer was lost. */
export function settle(doubt: Doubt, answer: Exchanged | Failure): void {
  if (answer.kind === 'oauth_error' && (answer.status < 500 || answer.status === 503)) doubt.minted = false;
}
