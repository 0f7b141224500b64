import { setTimeout as sleep } from 'node:timers/promises';
import { sha256, sha256base64url } from '@chatelaine/crypto';
import type { Redemption } from '@chatelaine/oauth-server';
import { formatForm, LIFETIME } from '@chatelaine/protocol';
import { type AnsweredAttempt, type FinishLinkDeps, attemptAad, redeem, settle } from '../linking/finish-link.ts';
import { secretAad } from '../links/link-secrets.ts';
import { beginLinking, noteNotLinked, readPendingLink } from './pending-link-store.ts';

export type RedeemHostGrantDeps = FinishLinkDeps;

/**
 * The Requester is waiting for its tokens and gives up after some seconds: the link of a slower Host is made after the
 * answer.
 */
const WAIT_MS = 1_500;

/**
 * Sends the Host's grant to the Host, with the same verifier. Only now, when the Requester has redeemed its code, is it
 * certain that one browser session began and finished the connection. The connection stands whatever the outcome.
 * PROTOCOL §2.3.
 */
export async function redeemHostGrant(deps: RedeemHostGrantDeps, redemption: Redemption): Promise<void> {
  const linking = link(deps, redemption).catch((error: unknown) => {
    // once begun, resume-links finishes it
    deps.log.warn(
      { err: error, event: 'combined_registration_not_finished', connection: redemption.grant.id },
      'a link is not made yet',
    );
  });
  await Promise.race([linking, sleep(WAIT_MS, undefined, { ref: false })]);
}

async function link(deps: RedeemHostGrantDeps, { grant, verifier }: Redemption): Promise<void> {
  const { id: connectionId, subject: ownerId } = grant;
  const pending = await readPendingLink(deps, { connectionId, ownerId });
  if (pending === null) return;
  const { hostId, hostName, metadata } = pending;
  const aad = secretAad({ row: connectionId, ownerId, column: 'host_grant' });
  const hostGrant = deps.vault.decrypt(pending.hostGrant, aad);
  // in the form of a callback, so that it is redeemed, and resolved after a crash, like any other code of a Host
  const state = sha256base64url(`${metadata.issuer}|${hostGrant}`);
  const query = formatForm({ code: hostGrant, state, iss: metadata.issuer });
  const row = { stateHash: sha256(state), ownerId };
  const encryptedVerifier = deps.vault.encrypt(verifier, attemptAad(row, 'verifier'));
  const begun = await beginLinking(deps, {
    ...row,
    connectionId,
    verifier: encryptedVerifier,
    answer: deps.vault.encrypt(query, attemptAad(row, 'answer')),
    lifetimeSeconds: LIFETIME.interaction,
    resumeAfterSeconds: deps.config.recovery.resumeLinksAfterSeconds,
  });
  if (!begun) {
    // a second redemption would revoke what the first one yielded (OAuth 2.1 §4.1.3)
    deps.log.warn({ event: 'host_grant_repeated', hostId }, 'a host_grant was used before');
    return noteNotLinked(deps, { ownerId, hostId, connectionId });
  }
  const attempt: AnsweredAttempt = { ...row, hostId, hostName, metadata, verifier: encryptedVerifier };
  const answer = await redeem(deps, { ...attempt, query, state });
  await deps.failpoint('link.answered');
  const outcome = await settle(deps, attempt, answer);
  deps.log.info(
    { event: 'combined_registration_settled', hostId, outcome: outcome.kind },
    'the link of a combined registration was resolved',
  );
}
