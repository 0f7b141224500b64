import { sha256 } from '@chatelaine/crypto';
import {
  finishAuthorization,
  type Failure,
  linkRedirectUri,
  type Obtained,
  revoke,
  stateOfCallback,
} from '@chatelaine/oauth-client';
import { parseScope, type ServerMetadata, type TokenResponse } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { takeAttempt } from './attempt-store.ts';
import { clientAt, clientDeps } from './host-client.ts';
import { insertLink, newLinkId } from './new-link-store.ts';
import { sealedFor } from './sealing.ts';

export type FinishLinkDeps = Pick<Deps, 'config' | 'clock' | 'keys' | 'outbound' | 'pool' | 'prisma' | 'vault' | 'log'>;

export interface FinishLinkInput {
  /** The last part of the callback's path. */
  readonly hostId: string;
  /** As it came, without `?`. */
  readonly query: string;
  readonly ownerId: string;
  readonly sessionHash: Buffer;
}

export type FinishLinkOutcome =
  | { readonly kind: 'linked'; readonly linkId: string }
  /** Not an answer to anything this session started here and has not finished; no Host was called. */
  | { readonly kind: 'not_ours' }
  | { readonly kind: 'denied'; readonly hostName: string; readonly byOwner: boolean }
  | { readonly kind: 'failed'; readonly hostName: string };

/** What came back from a Host: checked against what this session started, redeemed once, kept sealed. PROTOCOL §2.2. */
export async function finishLink(deps: FinishLinkDeps, input: FinishLinkInput): Promise<FinishLinkOutcome> {
  const state = stateOfCallback(input.query);
  if (state === null) return { kind: 'not_ours' };
  const stateHash = sha256(state);
  const attempt = await takeAttempt(deps, { ...input, stateHash });
  if (attempt === null) return { kind: 'not_ours' };
  const { metadata: server, hostName } = attempt;
  const aad = sealedFor({ row: stateHash.toString('base64url'), ownerId: input.ownerId, column: 'verifier' });
  const answer = await finishAuthorization(clientDeps(deps), {
    server,
    client: clientAt(deps, server.issuer),
    redirectUri: linkRedirectUri(deps.config.issuer, server.issuer),
    relationship: 'link',
    query: input.query,
    state,
    verifier: deps.vault.open(attempt.verifier, aad),
  });
  switch (answer.kind) {
    case 'ok':
      return keep(deps, input, { tokens: answer.tokens, server, hostName });
    case 'denied':
      return { kind: 'denied', hostName, byOwner: answer.error === 'access_denied' };
    case 'bad_callback':
      deps.log.warn(
        { event: 'bad_callback', hostId: input.hostId, reason: answer.reason },
        'a callback does not fit what was started',
      );
      return { kind: 'not_ours' };
    default:
      return giveUp(deps, input, { answer, server, hostName });
  }
}

interface Given {
  readonly tokens: Obtained['tokens'];
  readonly server: ServerMetadata;
  readonly hostName: string;
}

async function keep(
  deps: FinishLinkDeps,
  input: FinishLinkInput,
  { tokens, server, hostName }: Given,
): Promise<FinishLinkOutcome> {
  const { refresh_token: refreshToken } = tokens;
  if (refreshToken === undefined) {
    await handBack(deps, server, { token: tokens.access_token, hint: 'access_token' });
    return { kind: 'failed', hostName };
  }
  try {
    return { kind: 'linked', linkId: await store(deps, input, { tokens, refreshToken, hostName }) };
  } catch (error) {
    // else the Host would keep a link that nobody here knows of
    await handBack(deps, server, { token: refreshToken, hint: 'refresh_token' });
    throw error;
  }
}

async function store(
  deps: FinishLinkDeps,
  { ownerId, hostId }: FinishLinkInput,
  { tokens, refreshToken, hostName }: { tokens: TokenResponse; refreshToken: string; hostName: string },
): Promise<string> {
  const id = newLinkId();
  await insertLink(deps, {
    id,
    ownerId,
    hostId,
    hostName,
    ceiling: parseScope(tokens.transfer_scope ?? '') ?? [],
    accessToken: deps.vault.seal(tokens.access_token, sealedFor({ row: id, ownerId, column: 'access_token' })),
    expiresIn: tokens.expires_in,
    refreshToken: deps.vault.seal(refreshToken, sealedFor({ row: id, ownerId, column: 'refresh_token' })),
  });
  return id;
}

async function giveUp(
  deps: FinishLinkDeps,
  { hostId }: FinishLinkInput,
  { answer, server, hostName }: { answer: Failure; server: ServerMetadata; hostName: string },
): Promise<FinishLinkOutcome> {
  const reason = answer.kind === 'oauth_error' ? answer.error.error : 'reason' in answer ? answer.reason : undefined;
  deps.log.warn(
    { event: 'link_not_made', hostId, outcome: answer.kind, reason },
    'a Host did not redeem the code as it should',
  );
  if (answer.kind === 'unusable' && answer.accessToken !== undefined) {
    await handBack(deps, server, { token: answer.accessToken, hint: 'access_token' });
  }
  return { kind: 'failed', hostName };
}

/** Tells the Host at once that we do not keep what it gave; if that fails, the owner sees the link at the Host and can end it there. */
async function handBack(
  deps: FinishLinkDeps,
  server: ServerMetadata,
  { token, hint }: { token: string; hint: 'access_token' | 'refresh_token' },
): Promise<void> {
  const told = await revoke(clientDeps(deps), { server, client: clientAt(deps, server.issuer), token, hint });
  if (told.kind !== 'ok')
    deps.log.error(
      { event: 'not_handed_back', issuer: server.issuer, outcome: told.kind },
      'a Host keeps a link that is not used here',
    );
}
