import { hashToken, mintToken } from '@chatelaine/crypto';
import {
  coversScope,
  GRANT,
  invalidDpopProof,
  invalidGrant,
  invalidRequest,
  invalidScope,
  LIFETIME,
  type OAuthError,
  parseScope,
  parseToken,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import type { ServerDeps } from '../../deps.ts';
import type { StoredGrant } from '../../storage.ts';
import { takesPlainClients } from '../../extension.ts';
import type { Grant, TokenContext } from '../grant.ts';
import { refuseReplay } from '../guards.ts';
import { issueByRefreshToken } from '../issue.ts';
import { refuseWeaker } from '../refuse-weaker.ts';
import { relationshipAnswer } from '../relationship-answer.ts';

type RefreshDeps = Pick<ServerDeps, 'config' | 'storage' | 'emit' | 'clock' | 'successorKeys'>;

/**
 * OAuth 2.1 §4.3. Every client here is bound to a key (its own authentication, or DPoP), so the refresh token stays the
 * same: rotation plus a lost answer kills relationships (FAPI 2.0 §5.3.2.1). PROTOCOL §1.
 */
export function refreshTokenGrant(deps: RefreshDeps): Grant {
  return { grantType: GRANT.refreshToken, handle: (context) => refresh(deps, context) };
}

async function refresh(deps: RefreshDeps, context: TokenContext): Promise<Readonly<Record<string, unknown>>> {
  const { client, params, guards, jkt } = context;
  const value = params.get('refresh_token');
  if (value === undefined) throw invalidRequest('refresh_token is missing.');
  const parsed = parseToken(value);
  if (parsed === null || parsed.kind !== 'rt') throw badToken('malformed');
  const key = { bucket: parsed.bucket, hash: hashToken(value) };
  const stored = looksFirst(deps.config) ? await deps.storage.findToken(key) : null;
  if (stored !== null && stored.grant.answeredBy !== null)
    return issueByRefreshToken(deps, context, { value, key, stored });
  checkScope(params.get('scope'));
  if (deps.config.relationshipTokens === 'bound') {
    // first: an unknown one may have been a stock client's, which understands only `invalid_grant` as "ask the owner
    // again"
    if (stored === null) throw badToken('unknown, expired or ended');
    if (stored.grant.clientId === client.id) refuseWeaker(client, stored.grant);
    if (jkt === null) throw invalidDpopProof('A connection is bound to a DPoP key: send a proof.');
    if (stored.grant.jkt !== jkt) throw badToken('another DPoP key');
  }
  const accessToken = mintToken(deps.config.accessTokenKind, parsed.bucket);
  const refreshed = await deps.storage.refresh({
    refreshToken: key,
    clientId: client.id,
    idleSeconds: LIFETIME.refreshTokenIdle,
    accessToken: {
      hash: hashToken(accessToken),
      kind: deps.config.accessTokenKind,
      lifetimeSeconds: LIFETIME.relationshipAccessToken,
    },
    guards: guards.take(),
  });
  if (refreshed.kind === 'replayed') return refuseReplay(refreshed);
  if (refreshed.kind === 'unknown') throw badToken('unknown, expired, ended, or of another client');
  const expiresIn = Math.max(1, Math.round(refreshed.expiresAt - deps.clock.now()));
  return relationshipAnswer(deps, { grant: await currentGrant(deps, refreshed.grant), accessToken, expiresIn });
}

/** With the part of its ceiling that is available now. */
async function currentGrant({ config }: Pick<RefreshDeps, 'config'>, grant: StoredGrant): Promise<StoredGrant> {
  if (grant.transferScope === null || config.ceilingNow === undefined) return grant;
  return { ...grant, transferScope: await config.ceilingNow(grant) };
}

/** Saves one read if nothing in the token has to be known before it is used. */
function looksFirst(config: RefreshDeps['config']): boolean {
  return config.relationshipTokens === 'bound' || takesPlainClients(config);
}

/** OAuth 2.1 §4.3.1: only what was granted may be asked for, and there is only one value. */
function checkScope(scope: string | undefined): void {
  if (scope === undefined) return;
  const asked = parseScope(scope);
  if (asked === null || !coversScope([TRANSFER_SCOPE], asked))
    throw invalidScope('The scope is not part of this grant.');
}

const badToken = (cause: string): OAuthError => invalidGrant('The refresh token is not valid.', { cause });
