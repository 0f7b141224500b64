import { setTimeout as sleep } from 'node:timers/promises';
import { sha256, sha256base64url } from '@chatelaine/crypto';
import type { Redemption } from '@chatelaine/oauth-server';
import { formatForm, LIFETIME } from '@chatelaine/protocol';
import { type AnsweredAttempt, type FinishLinkDeps, placeOf, redeem, settle } from '../linking/finish-link.ts';
import { sealedFor } from '../links/sealing.ts';
import { beginLinking, readHalf, tellNotLinked } from './host-half-store.ts';

export type RedeemHalfDeps = FinishLinkDeps;

/** The Requester waits for its tokens, and gives up some seconds later: a slow Host is waited for without it. */
const WAIT_MS = 1_500;

/**
 * The Requester has redeemed its code, so the same browser session began and ended the connection: now, and never
 * before, its Host's grant is sent to that Host, with the same verifier. Whatever comes of it, the connection stands.
 * PROTOCOL §2.3.
 */
export async function redeemHalf(deps: RedeemHalfDeps, redemption: Redemption): Promise<void> {
  const linking = link(deps, redemption).catch((error: unknown) => {
    // once begun it is taken up again, see resume-links
    deps.log.warn(
      { err: error, event: 'combined_registration_not_finished', connection: redemption.grant.id },
      'a link is not made yet',
    );
  });
  await Promise.race([linking, sleep(WAIT_MS, undefined, { ref: false })]);
}

async function link(deps: RedeemHalfDeps, { grant, verifier }: Redemption): Promise<void> {
  const { id: connectionId, subject: ownerId } = grant;
  const half = await readHalf(deps, { connectionId, ownerId });
  if (half === null) return;
  const { hostId, hostName, metadata } = half;
  const place = sealedFor({ row: connectionId, ownerId, column: 'host_grant' });
  const hostGrant = deps.vault.open(half.hostGrant, place);
  // as if a browser had brought it: then it is redeemed, and after a crash settled, as any other code of a Host
  const state = sha256base64url(`${metadata.issuer}|${hostGrant}`);
  const query = formatForm({ code: hostGrant, state, iss: metadata.issuer });
  const row = { stateHash: sha256(state), ownerId };
  const sealedVerifier = deps.vault.seal(verifier, placeOf(row, 'verifier'));
  const begun = await beginLinking(deps, {
    ...row,
    connectionId,
    verifier: sealedVerifier,
    answer: deps.vault.seal(query, placeOf(row, 'answer')),
    lifetimeSeconds: LIFETIME.interaction,
    resumeAfterSeconds: deps.config.recovery.resumeLinksAfterSeconds,
  });
  if (!begun) {
    // sent a second time, it would end what the first has yielded (OAuth 2.1 §4.1.3)
    deps.log.warn({ event: 'host_grant_repeated', hostId }, 'a grant of a Host was brought before');
    return tellNotLinked(deps, { ownerId, hostId, connectionId });
  }
  const attempt: AnsweredAttempt = { ...row, hostId, hostName, metadata, verifier: sealedVerifier };
  const answer = await redeem(deps, { ...attempt, query, state });
  await deps.failpoint('link.answered');
  const outcome = await settle(deps, attempt, answer);
  deps.log.info(
    { event: 'combined_registration_settled', hostId, outcome: outcome.kind },
    'a Host came along with a connection',
  );
}
