import { stateOfCallback } from '@chatelaine/oauth-client';
import { settleAttempt } from './attempt-store.ts';
import { type FinishLinkDeps, attemptAad, redeem, type Redeemed, settle } from './finish-link.ts';
import { handBack } from '../links/hand-back.ts';
import { noteAnswer } from '../links/turn-store.ts';
import { releaseAttempt, type UnsettledAttempt } from './unsettled-store.ts';

/**
 * Resolves an attempt that a crash, or a Host that did not answer, left unfinished between sending the code and storing
 * the link. It sends the code again: if the code was not used, that makes the link; if it was, the Host refuses it and
 * revokes what it had issued (OAuth 2.1 §4.1.3). Either way, the Host keeps no link that is unknown here. PROTOCOL
 * §2.2.
 */
export async function resumeLink(deps: FinishLinkDeps, attempt: UnsettledAttempt): Promise<void> {
  const { hostId, stateHash, first } = attempt;
  try {
    const query = deps.vault.decrypt(attempt.answer, attemptAad(attempt, 'answer'));
    const began = performance.now();
    const answer = await redeem(deps, { ...attempt, query, state: stateOfCallback(query) ?? '' });
    const seconds = (performance.now() - began) / 1000;
    await noteAnswer(deps, { hostId, good: saysWhatItDid(answer), seconds, first });
    await make(deps, attempt, answer);
  } finally {
    await releaseAttempt(deps, stateHash);
  }
}

/** An OAuth error is an answer; a server error, no answer, or an unusable one is not. */
function saysWhatItDid(answer: Redeemed): boolean {
  if (answer.kind === 'oauth_error') return answer.status === 400;
  return answer.kind === 'ok' || answer.kind === 'denied' || answer.kind === 'bad_callback';
}

async function make(deps: FinishLinkDeps, attempt: UnsettledAttempt, answer: Redeemed): Promise<void> {
  if (answer.kind === 'ok' && attempt.givenUp) {
    const { refresh_token: refreshToken, access_token: accessToken } = answer.tokens;
    await handBack(
      deps,
      attempt.metadata,
      refreshToken === undefined
        ? { token: accessToken, hint: 'access_token' }
        : { token: refreshToken, hint: 'refresh_token' },
    );
    await settleAttempt(deps, attempt.stateHash);
    return;
  }
  const outcome = await settle(deps, attempt, answer);
  deps.log.info(
    { event: 'link_resumed', hostId: attempt.hostId, outcome: outcome.kind },
    'an unfinished link was resolved',
  );
}
