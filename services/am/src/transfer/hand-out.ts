import { BAD_TOKEN_TEXT, invalidRequest, type TransferResponse } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { relayed } from './check-answer.ts';
import { closeTransfer, completeTransfers } from './close-store.ts';
import type { Intent } from './store.ts';

/** A token that was minted and that nobody has yet; its intent is open until it is handed out or withheld. */
export interface Minted {
  readonly intent: Intent;
  readonly response: TransferResponse;
}

/**
 * Reads revocation once more and closes the intents, all in one statement; right before the answers leave, so that nothing leaves after a stop
 * was answered. The function returned has the answer to each, and throws for what the owner stopped meanwhile. PROTOCOL §3.5.
 */
export async function handOut(
  deps: Pick<Deps, 'pool' | 'failpoint'>,
  minted: readonly Minted[],
): Promise<(one: Minted) => TransferResponse> {
  const handed = await completeTransfers(
    deps.pool,
    minted.map(({ intent }) => intent),
  );
  await deps.failpoint('transfer.completed');
  return ({ intent, response }) => {
    if (handed.has(intent.id)) return relayed(response);
    // what ended in flight has its revocation at the Host queued already, under the grant_id known before the call
    throw invalidRequest(BAD_TOKEN_TEXT, { cause: 'stopped in flight' });
  };
}

/** Nobody is there to take it: it stays here, and dies in minutes. */
export async function withhold({ pool }: Pick<Deps, 'pool'>, { intent }: Minted): Promise<void> {
  await closeTransfer(pool, intent, { state: 'withheld', error: 'gone', approval: 'used' });
}
