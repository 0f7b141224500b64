import { accessDenied, invalidClient, invalidDpopProof, invalidRequest, BAD_TOKEN_TEXT } from '@chatelaine/protocol';
import type { Replayed, ReplayGuard } from '../storage.ts';

/**
 * The replay guards of one request. The step that writes takes them and burns them in its own statement; what no step has taken
 * is burned on its own before the answer leaves, so that a failed request's proofs are spent too.
 */
export class Guards {
  #open: ReplayGuard[] = [];

  add(guard: ReplayGuard): void {
    this.#open.push(guard);
  }

  /** Hands the guards over; whoever takes them burns them. */
  take(): readonly ReplayGuard[] {
    const taken = this.#open;
    this.#open = [];
    return taken;
  }
}

/** The answer to a proof, assertion or statement that was used before. */
export function refuseReplay(replayed: Replayed): never {
  switch (replayed.guard) {
    case 'dpop':
      throw invalidDpopProof('The DPoP proof was used before.'); // RFC 9449 §11.1
    case 'assertion':
      throw invalidClient('Client authentication failed.', { cause: 'assertion replayed' }); // RFC 7523 §3
    case 'statement':
      throw invalidRequest(BAD_TOKEN_TEXT, { cause: 'statement replayed' });
    case 'requester_statement':
      // PROTOCOL §3.6: asking again with the same one would not help
      throw accessDenied("The Requester's own statement was used before.", {
        extras: { denied_by: 'host', requestable: false },
      });
  }
}
