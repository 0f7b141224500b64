import { stateOfCallback } from '@chatelaine/oauth-client';
import { claimUnsettled, settleAttempt, type UnsettledAttempt } from './attempt-store.ts';
import { type FinishLinkDeps, handBack, placeOf, redeem, settle } from './finish-link.ts';

const MOST_AT_ONCE = 20;

/**
 * Settles what a crash, or a Host that did not answer, left open between sending a code and storing the link, by sending the code again:
 * unused, it makes the link; used, the Host refuses it and ends what it had yielded (OAuth 2.1 §4.1.3). Either way no link is left at the Host
 * that nobody here knows of. Returns how many it looked at. PROTOCOL §2.2.
 */
export async function resumeLinks(deps: FinishLinkDeps): Promise<number> {
  const due = await claimUnsettled(deps, {
    most: MOST_AT_ONCE,
    againAfterSeconds: deps.config.recovery.resumeLinksAfterSeconds,
  });
  const outcomes = await Promise.allSettled(due.map((attempt) => resume(deps, attempt)));
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') deps.log.warn({ err: outcome.reason as Error }, 'a link could not be settled');
  return due.length;
}

async function resume(deps: FinishLinkDeps, attempt: UnsettledAttempt): Promise<void> {
  const query = deps.vault.open(attempt.answer, placeOf(attempt, 'answer'));
  const answer = await redeem(deps, { ...attempt, query, state: stateOfCallback(query) ?? '' });
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
  deps.log.info({ event: 'link_resumed', hostId: attempt.hostId, outcome: outcome.kind }, 'an open link was settled');
}
