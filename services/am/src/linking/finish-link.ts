import { sha256 } from '@chatelaine/crypto';
import {
  type BadCallback,
  type Denied,
  type Failure,
  finishAuthorization,
  linkRedirectUri,
  type Obtained,
  stateOfCallback,
} from '@chatelaine/oauth-client';
import { parseScope, type TokenResponse } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { giveUpAttempt, isOpen, settleAttempt, type TakenAttempt, takeAttempt } from './attempt-store.ts';
import { clientAt, clientDeps } from '../links/host-client.ts';
import { AlreadySettled, insertLink, newLinkId } from './new-link-store.ts';
import { handBack } from '../links/hand-back.ts';
import { secretAad } from '../links/link-secrets.ts';

export type FinishLinkDeps = Pick<
  Deps,
  'config' | 'clock' | 'keys' | 'outbound' | 'pool' | 'prisma' | 'vault' | 'log' | 'failpoint'
>;

export interface FinishLinkInput {
  /** The last part of the callback's path. */
  readonly hostId: string;
  /** As received, without `?`. */
  readonly query: string;
  readonly ownerId: string;
  readonly sessionHash: Buffer;
}

export type FinishLinkOutcome =
  /** `returnTo`: the local path that the owner came from. */
  | { readonly kind: 'linked'; readonly linkId: string; readonly returnTo?: string | null }
  /** Not an answer to anything that this session started here and has not finished; no Host was called. */
  | { readonly kind: 'not_ours' }
  | { readonly kind: 'denied'; readonly hostName: string; readonly byOwner: boolean }
  | { readonly kind: 'failed'; readonly hostName: string };

/**
 * Handles the answer of a Host: checks it against what this session started, redeems the code once, and stores the
 * tokens encrypted. PROTOCOL §2.2.
 */
export async function finishLink(deps: FinishLinkDeps, input: FinishLinkInput): Promise<FinishLinkOutcome> {
  const state = stateOfCallback(input.query);
  if (state === null) return { kind: 'not_ours' };
  const stateHash = sha256(state);
  const attempt = await takeAttempt(deps, {
    ...input,
    stateHash,
    answer: deps.vault.encrypt(input.query, attemptAad({ ...input, stateHash }, 'answer')),
    resumeAfterSeconds: deps.config.recovery.resumeLinksAfterSeconds,
  });
  if (attempt === null) return { kind: 'not_ours' };
  const redeemed = await redeem(deps, { ...input, ...attempt, stateHash, state });
  await deps.failpoint('link.answered');
  const outcome = await settle(deps, { ...input, ...attempt, stateHash }, redeemed);
  if (outcome.kind === 'linked') return { ...outcome, returnTo: attempt.returnTo };
  if (outcome.kind !== 'unknown') return outcome;
  await giveUpAttempt(deps, stateHash);
  return { kind: 'failed', hostName: attempt.hostName };
}

/** A started link whose answer has arrived. */
export interface AnsweredAttempt extends TakenAttempt {
  readonly stateHash: Buffer;
  readonly ownerId: string;
  readonly hostId: string;
}

export type Redeemed = Obtained | Denied | BadCallback | Failure;

/** Sends the code to its Host. */
export function redeem(
  deps: FinishLinkDeps,
  input: AnsweredAttempt & { query: string; state: string },
): Promise<Redeemed> {
  const { metadata: server, query, state } = input;
  return finishAuthorization(clientDeps(deps), {
    server,
    client: clientAt(deps, server.issuer),
    redirectUri: linkRedirectUri(deps.config.issuer, server.issuer),
    relationship: 'link',
    query,
    state,
    verifier: deps.vault.decrypt(input.verifier, attemptAad(input, 'verifier')),
  });
}

/**
 * Makes the link, or makes sure that there is none; `unknown` if it cannot be known yet what the Host did with the
 * code.
 */
export async function settle(
  deps: FinishLinkDeps,
  attempt: AnsweredAttempt,
  answer: Redeemed,
): Promise<FinishLinkOutcome | { readonly kind: 'unknown' }> {
  const { hostName, hostId, stateHash } = attempt;
  switch (answer.kind) {
    case 'ok':
      return keep(deps, attempt, answer.tokens);
    case 'denied':
      await settleAttempt(deps, stateHash);
      return { kind: 'denied', hostName, byOwner: answer.error === 'access_denied' };
    case 'bad_callback':
      await settleAttempt(deps, stateHash);
      deps.log.warn(
        { event: 'bad_callback', hostId, reason: answer.reason },
        'a callback does not match the request that was started',
      );
      return { kind: 'not_ours' };
    default:
      return readFailure(deps, attempt, answer);
  }
}

async function keep(
  deps: FinishLinkDeps,
  attempt: AnsweredAttempt,
  tokens: Obtained['tokens'],
): Promise<FinishLinkOutcome> {
  const { stateHash, metadata: server, hostName } = attempt;
  const { refresh_token: refreshToken } = tokens;
  if (refreshToken === undefined) {
    await handBack(deps, server, { token: tokens.access_token, hint: 'access_token' });
    await settleAttempt(deps, stateHash);
    return { kind: 'failed', hostName };
  }
  try {
    return { kind: 'linked', linkId: await store(deps, attempt, { tokens, refreshToken }) };
  } catch (error) {
    const settled = error instanceof AlreadySettled;
    // a transaction may have been committed although we did not learn of it; if its outcome cannot be read, the code is
    // sent again later
    const open = !settled && (await isOpen(deps, stateHash).catch(() => false));
    if (open || settled) await handBack(deps, server, { token: refreshToken, hint: 'refresh_token' });
    if (settled) return { kind: 'failed', hostName };
    throw error;
  }
}

async function store(
  deps: FinishLinkDeps,
  { ownerId, hostId, hostName, stateHash }: AnsweredAttempt,
  { tokens, refreshToken }: { tokens: TokenResponse; refreshToken: string },
): Promise<string> {
  const id = newLinkId();
  await insertLink(deps, {
    id,
    ownerId,
    hostId,
    hostName,
    stateHash,
    ceiling: parseScope(tokens.transfer_scope ?? '') ?? [],
    accessToken: deps.vault.encrypt(tokens.access_token, secretAad({ row: id, ownerId, column: 'access_token' })),
    expiresIn: tokens.expires_in,
    refreshToken: deps.vault.encrypt(refreshToken, secretAad({ row: id, ownerId, column: 'refresh_token' })),
  });
  return id;
}

async function readFailure(
  deps: FinishLinkDeps,
  { hostId, hostName, stateHash, metadata }: AnsweredAttempt,
  answer: Failure,
): Promise<FinishLinkOutcome | { readonly kind: 'unknown' }> {
  const reason = answer.kind === 'oauth_error' ? answer.error.error : 'reason' in answer ? answer.reason : undefined;
  deps.log.warn(
    { event: 'link_not_made', hostId, outcome: answer.kind, reason },
    'a Host did not redeem the code as it should',
  );
  if (answer.kind === 'unusable' && answer.accessToken !== undefined) {
    await handBack(deps, metadata, { token: answer.accessToken, hint: 'access_token' });
  } else if (answer.kind !== 'oauth_error' || answer.status !== 400) {
    return { kind: 'unknown' };
  }
  await settleAttempt(deps, stateHash);
  return { kind: 'failed', hostName };
}

/** The additional authenticated data for the secrets of an attempt. */
export function attemptAad(
  { stateHash, ownerId }: Pick<AnsweredAttempt, 'stateHash' | 'ownerId'>,
  column: 'verifier' | 'answer',
): string {
  return secretAad({ row: stateHash.toString('base64url'), ownerId, column });
}
