import { BAD_TOKEN_TEXT, invalidRequest, temporarilyUnavailable, type TransferResponse } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { relayed } from './check-answer.ts';
import { closeTransfer, completeTransfers, discardTransfers } from './close-store.ts';
import type { Intent } from './store.ts';

/** A token that was minted and that nobody has yet; its intent is open until it is handed out or withheld. */
export interface Minted {
  readonly intent: Intent;
  readonly response: TransferResponse;
}

/** What was completed is written to the client within this of its commit, or to nobody. PROTOCOL §7. */
const LEAVES_WITHIN_MS = 250;
/** How often what did not leave in time is looked at once more before it is given up. */
const COMPLETIONS = 10;

/**
 * Reads revocation once more and closes the intents, all in one statement; right before the answers leave, so that nothing leaves after a stop
 * was answered. A process that was held up in between does so again. From its return to the writing of the answer nothing may be waited for: it all
 * happens in one turn of the event loop. The function returned has the answer to each, and throws for what was stopped meanwhile. PROTOCOL §3.5, §7.
 */
export async function handOut(
  deps: Pick<Deps, 'pool' | 'monotonic' | 'failpoint'>,
  minted: readonly Minted[],
): Promise<(one: Minted) => TransferResponse> {
  let transfers = minted.map(({ intent }) => intent);
  for (let round = 1; round <= COMPLETIONS; round++) {
    const { handed, committedFrom } = await completeTransfers(deps, {
      transfers,
      from: round === 1 ? 'intent' : 'minted',
    });
    await deps.failpoint('transfer.completed');
    if (handed.size === 0 || deps.monotonic() - committedFrom <= LEAVES_WITHIN_MS) return answerTo(handed);
    transfers = transfers.filter(({ id }) => handed.has(id));
  }
  await discardTransfers(deps.pool, transfers);
  throw temporarilyUnavailable('The server is too busy to answer in time.', { retryAfter: 1 });
}

function answerTo(handed: ReadonlySet<string>) {
  return ({ intent, response }: Minted): TransferResponse => {
    if (handed.has(intent.id)) return relayed(response);
    // what ended in flight has its revocation at the Host queued already, under the grant_id known before the call
    throw invalidRequest(BAD_TOKEN_TEXT, { cause: 'stopped in flight' });
  };
}

/** Nobody is there to take it: it stays here, and dies in minutes. */
export async function withhold({ pool }: Pick<Deps, 'pool'>, { intent }: Minted): Promise<void> {
  await closeTransfer(pool, intent, { state: 'withheld', error: 'gone', approval: 'used' });
}
