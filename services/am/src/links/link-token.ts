import { setTimeout } from 'node:timers/promises';
import { untilAvailable } from '@chatelaine/postgres';
import { createSingleFlight, type Failure, type Obtained, refresh } from '@chatelaine/oauth-client';
import { parseScope, type ServerMetadata } from '@chatelaine/protocol';
import { randomId } from '@chatelaine/crypto';
import type { Deps } from '../deps.ts';
import { handBack } from './hand-back.ts';
import { clientAt, clientDeps } from './host-client.ts';
import { breakLink, type LinkKey, readLink, type StoredLink, storeTokens } from './link-store.ts';
import { claimRefresh, releaseRefresh } from './refresh-claim-store.ts';
import { decryptLinkSecret, secretAad, SPARE_SECONDS } from './link-secrets.ts';

export type LinkTokenDeps = Pick<
  Deps,
  'config' | 'clock' | 'keys' | 'outbound' | 'hostGate' | 'linksSeen' | 'pool' | 'prisma' | 'vault' | 'log'
>;

export interface LinkTokenInput extends LinkKey {
  /** `now`: the Host did not accept the current one. */
  readonly refresh: 'if-needed' | 'now';
}

export type LinkToken =
  /** In clear: for one call, stored nowhere. */
  | { readonly kind: 'token'; readonly token: string; readonly metadata: ServerMetadata }
  /** The link has ended, here or at the Host; only the owner can make a new one. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'timeout' }
  /** Not now; `retryAfter` in seconds. */
  | { readonly kind: 'busy'; readonly retryAfter: number }
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The Host's answer cannot be used to refresh a link. */
  | { readonly kind: 'unusable' }
  /** The stored token cannot be decrypted with the keys of this process, or not with its AAD. */
  | { readonly kind: 'unopened' };

/** Seconds to wait if a Host says to wait but not how long. */
const BUSY_SECONDS = 5;

/**
 * The link's access token at its Host, refreshed if necessary. No lock or connection is held during the call to the
 * Host. PROTOCOL §2.2, §3.5.
 */
export async function linkToken(deps: LinkTokenDeps, input: LinkTokenInput): Promise<LinkToken> {
  const link = await readLink(deps, input);
  if (link === null || link.state !== 'active' || link.refreshToken === null) return { kind: 'broken' };
  if (input.refresh === 'if-needed' && link.accessToken !== null && link.secondsLeft >= SPARE_SECONDS) {
    return decrypted(deps, input, { encrypted: link.accessToken, metadata: link.metadata });
  }
  return refreshOnce(deps, input, link);
}

// Many transfers may need the same refresh at once: they share one call, and other processes wait for it.
const singleFlights = new WeakMap<Deps['pool'], ReturnType<typeof createSingleFlight>>();

function refreshOnce(deps: LinkTokenDeps, input: LinkTokenInput, link: StoredLink): Promise<LinkToken> {
  const singleFlight = singleFlights.get(deps.pool) ?? createSingleFlight();
  singleFlights.set(deps.pool, singleFlight);
  return singleFlight(input.linkId, () => refreshUnlessDone(deps, input, link));
}

/** How often to look for another process's refresh: for as long as a Requester waits for a Host. */
const LOOKS = 100;
const LOOK_EVERY_MS = 50;

/**
 * One refresh at a time over all processes: a Host that rotates would take the old refresh token, used again, for a
 * stolen one. The second process uses the result of the first. PROTOCOL §3.5.
 */
async function refreshUnlessDone(deps: LinkTokenDeps, key: LinkKey, seen: StoredLink): Promise<LinkToken> {
  const claimId = randomId('ren');
  for (let look = 1; ; look++) {
    const link = await readLink(deps, key);
    if (link === null || link.state !== 'active' || link.refreshToken === null) return { kind: 'broken' };
    const { accessToken: encrypted, refreshToken: used, metadata, secondsLeft } = link;
    const isRefreshed =
      encrypted !== null && seen.accessToken?.equals(encrypted) !== true && secondsLeft >= SPARE_SECONDS;
    if (isRefreshed) return decrypted(deps, key, { encrypted, metadata });
    const mine = { ...key, claimId };
    if (await claimRefresh(deps, { ...mine, used })) return refreshClaimed(deps, mine, { link, used });
    if (look === LOOKS) return { kind: 'busy', retryAfter: 1 };
    await setTimeout(LOOK_EVERY_MS);
  }
}

interface Claimed extends LinkKey {
  readonly claimId: string;
}

async function refreshClaimed(
  deps: LinkTokenDeps,
  key: Claimed,
  held: { link: StoredLink; used: Buffer },
): Promise<LinkToken> {
  try {
    return await refreshNow(deps, key, held);
  } finally {
    // otherwise it expires
    await releaseRefresh(deps, key).catch((err: unknown) =>
      deps.log.warn({ err }, 'the claim to refresh a link was not released'),
    );
  }
}

async function refreshNow(
  deps: LinkTokenDeps,
  key: Claimed,
  { link, used }: { link: StoredLink; used: Buffer },
): Promise<LinkToken> {
  const refreshToken = decryptLinkSecret(deps, key, { encrypted: used, column: 'refresh_token' });
  if (refreshToken === null) return { kind: 'unopened' };
  const server = link.metadata;
  const client = clientAt(deps, server.issuer);
  const answer = await deps.hostGate.call(server.issuer, { path: ['refreshes', key.linkId] }, () =>
    refresh(clientDeps(deps), { server, client, relationship: 'link', refreshToken }),
  );
  if (answer.kind === 'held') return { kind: 'busy', retryAfter: answer.retryAfter };
  deps.linksSeen.note(key.linkId, answer.kind);
  return answer.kind === 'ok' ? keep(deps, key, { answer, used, link }) : readFailure(deps, key, { answer, used });
}

interface Refreshed {
  readonly answer: Obtained;
  readonly used: Buffer;
  readonly link: StoredLink;
}

async function keep(deps: LinkTokenDeps, key: LinkKey, { answer, used, link }: Refreshed): Promise<LinkToken> {
  const {
    access_token: token,
    refresh_token: fresh,
    expires_in: expiresIn,
    transfer_scope: ceiling = '',
  } = answer.tokens;
  const encrypt = (secret: string, column: 'access_token' | 'refresh_token'): Buffer =>
    deps.vault.encrypt(secret, secretAad({ row: key.linkId, ownerId: key.ownerId, column }));
  const refreshed = {
    ...key,
    accessToken: encrypt(token, 'access_token'),
    expiresIn,
    refreshToken: fresh === undefined ? null : encrypt(fresh, 'refresh_token'),
    ceiling: parseScope(ceiling) ?? [],
  };
  // a rotating Host hands out a new token only once; nobody else refreshes the link in that time
  const store = (encrypted: Buffer): Promise<boolean> =>
    untilAvailable(() => storeTokens(deps, { ...refreshed, used: encrypted }));
  const stored = (await store(used)) || (await store(await asEncryptedNow(deps, key, used)));
  if (stored) return { kind: 'token', token, metadata: link.metadata };
  const now = await readStoredToken(deps, key);
  // whoever ended it told the Host about the stored refresh token; at a Host that rotates, this newer one would live on
  if (now.kind === 'broken' && fresh !== undefined)
    await handBack(deps, link.metadata, { token: fresh, hint: 'refresh_token' });
  return now;
}

/** The same refresh token as stored now: the encryption key may have been rotated during the call. */
async function asEncryptedNow(deps: LinkTokenDeps, key: LinkKey, used: Buffer): Promise<Buffer> {
  const now = (await readLink(deps, key))?.refreshToken ?? used;
  const same = (encrypted: Buffer): string | null =>
    decryptLinkSecret(deps, key, { encrypted, column: 'refresh_token' });
  return same(now) === same(used) ? now : used;
}

/**
 * The owner ended the link during the call, or it took so long that another process refreshed it: what is stored
 * decides.
 */
async function readStoredToken(deps: LinkTokenDeps, key: LinkKey): Promise<LinkToken> {
  const now = await readLink(deps, key);
  if (now === null || now.state !== 'active') return { kind: 'broken' };
  if (now.accessToken === null || now.secondsLeft <= 0) return { kind: 'busy', retryAfter: 1 };
  return decrypted(deps, key, { encrypted: now.accessToken, metadata: now.metadata });
}

async function readFailure(
  deps: LinkTokenDeps,
  key: Claimed,
  { answer, used }: { answer: Failure; used: Buffer },
): Promise<LinkToken> {
  // PROTOCOL §3.5: only this marks a link as broken; everything else may pass
  if (answer.kind === 'oauth_error' && answer.status === 400 && answer.error.error === 'invalid_grant') {
    const broken = await breakLink(deps, { linkId: key.linkId, refused: used, claimId: key.claimId });
    if (!broken) return readStoredToken(deps, key);
    deps.log.warn({ event: 'link_broken', linkId: key.linkId }, 'the Host refused the refresh token of a link');
    return { kind: 'broken' };
  }
  deps.log.warn(
    { event: 'link_not_refreshed', linkId: key.linkId, outcome: answer.kind, reason: reasonOf(answer) },
    'link token not refreshed',
  );
  if (answer.kind !== 'oauth_error') return answer.kind === 'unusable' ? { kind: 'unusable' } : answer;
  const { status, retryAfter } = answer;
  const asksToWait = retryAfter !== undefined || status === 429 || status === 503;
  return asksToWait ? { kind: 'busy', retryAfter: retryAfter ?? BUSY_SECONDS } : { kind: 'unusable' };
}

function reasonOf(answer: Failure): string | undefined {
  if (answer.kind === 'timeout') return undefined;
  return answer.kind === 'oauth_error' ? `${answer.status} ${answer.error.error}` : answer.reason;
}

function decrypted(
  deps: LinkTokenDeps,
  key: LinkKey,
  { encrypted, metadata }: { encrypted: Buffer; metadata: ServerMetadata },
): LinkToken {
  const token = decryptLinkSecret(deps, key, { encrypted, column: 'access_token' });
  return token === null ? { kind: 'unopened' } : { kind: 'token', token, metadata };
}
