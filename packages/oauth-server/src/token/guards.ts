import {
  accessDenied,
  BAD_TOKEN_TEXT,
  invalidClient,
  invalidDpopProof,
  invalidRequest,
  OAuthError,
} from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import type { Replayed, ReplayGuard } from '../storage.ts';

/**
 * The replay guards of one request. The step that writes takes them and spends them in its own statement. Those that no
 * step has taken are spent on their own before the answer leaves, so that a failed request's proofs are spent as well.
 */
export class Guards {
  #open: ReplayGuard[] = [];

  add(guard: ReplayGuard): void {
    this.#open.push(guard);
  }

  /** Hands the guards over; whoever takes them spends them. */
  take(): readonly ReplayGuard[] {
    const taken = this.#open;
    this.#open = [];
    return taken;
  }
}

/**
 * Runs one request with its replay guards. Those that its own steps did not spend are spent before the answer: the
 * proof of a refused request is spent like any other, and a replayed one is refused as replayed.
 */
export async function withGuards<T>(
  deps: Pick<ServerDeps, 'storage'>,
  serve: (guards: Guards) => Promise<T>,
): Promise<T> {
  const guards = new Guards();
  try {
    const answer = await serve(guards);
    await burnRest(deps, guards);
    return answer;
  } catch (error) {
    // an overloaded or broken server must answer as such, not fail again on the same database
    if (error instanceof OAuthError && error.status < 500) await burnRest(deps, guards);
    throw error;
  }
}

async function burnRest(deps: Pick<ServerDeps, 'storage'>, guards: Guards): Promise<void> {
  const rest = guards.take();
  if (rest.length === 0) return;
  const burned = await deps.storage.burn(rest);
  if (burned.kind === 'replayed') refuseReplay(burned);
}

/** The answer to a proof, assertion or statement that was used before. */
export function replayError(replayed: Replayed): OAuthError {
  switch (replayed.guard) {
    case 'dpop':
      return invalidDpopProof('The DPoP proof was used before.'); // RFC 9449 §11.1
    case 'assertion':
      return invalidClient('Client authentication failed.', { cause: 'assertion replayed' }); // RFC 7523 §3
    case 'statement':
      return invalidRequest(BAD_TOKEN_TEXT, { cause: 'statement replayed' });
    case 'requester_statement':
      // PROTOCOL §3.6: asking again with the same one would not help
      return accessDenied("The Requester's own statement was used before.", {
        extras: { denied_by: 'host', requestable: false },
      });
  }
}

/** Throws {@link replayError}. */
export function refuseReplay(replayed: Replayed): never {
  throw replayError(replayed);
}
