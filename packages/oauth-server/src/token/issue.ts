import { hashToken, mintToken } from '@chatelaine/crypto';
import {
  coversScope,
  invalidDpopProof,
  invalidGrant,
  invalidScope,
  LIFETIME,
  type OAuthError,
  parseLooseScope,
  type ScopeSet,
} from '@chatelaine/protocol';
import { isProven } from '../client/client.ts';
import type { ServerDeps } from '../deps.ts';
import { answererOf, type Committed, type HandedOut, type Issue } from '../extension.ts';
import type { StoredCode, StoredGrant, StoredToken, TokenKey } from '../storage.ts';
import type { TokenContext } from './grant.ts';
import { refuseReplay } from './guards.ts';
import { refuseWeaker } from './refuse-weaker.ts';
import { newestOf, nextOf, type Shown } from './successor.ts';

type IssueDeps = Pick<ServerDeps, 'config' | 'storage' | 'emit' | 'clock' | 'successorKeys'>;
type Answer = Promise<Readonly<Record<string, unknown>>>;

/** The code of a grant that an extension answers for. Client, verifier and redirect URI are checked. */
export async function issueByCode(
  deps: IssueDeps,
  context: TokenContext,
  { key, code }: { key: TokenKey; code: StoredCode },
): Answer {
  const { client, guards } = context;
  const { grant } = code;
  const jkt = keyOf(context, grant, 'code');
  const commit = async (): Promise<Committed> => {
    const refreshToken = mintToken('rt', key.bucket);
    const redeemed = await deps.storage.redeemCode({
      code: key,
      clientId: client.id,
      isAuthenticated: isProven(client),
      jkt,
      tokens: [{ hash: hashToken(refreshToken), kind: 'rt', lifetimeSeconds: LIFETIME.refreshTokenIdle }],
      guards: guards.take(),
    });
    if (redeemed.kind === 'replayed') refuseReplay(redeemed);
    if (redeemed.kind === 'redeemed') return { refreshToken };
    if (redeemed.kind === 'reused') deps.emit({ event: 'code_reused', clientId: client.id, grantId: redeemed.grantId });
    else await endUnused(deps, grant);
    throw bad('code', redeemed.kind === 'reused' ? 'used before' : 'expired or its grant ended');
  };
  if (!code.isOpen) return refuseAt(commit, 'code');
  return answer(deps, context, { occasion: 'code', grant, jkt, commit });
}

/** A refresh token of a grant that an extension answers for. */
export async function issueByRefreshToken(
  deps: IssueDeps,
  context: TokenContext,
  { value, key, stored }: { value: string; key: TokenKey; stored: StoredToken },
): Answer {
  const { client, guards } = context;
  const { grant } = stored;
  if (stored.kind !== 'rt' || grant.clientId !== client.id) throw bad('refresh token', 'of another client');
  refuseWeaker(client, grant);
  // a replaced token is judged before any key: whoever shows it may be a thief with a key of their own
  const jkt = stored.isReplaced ? null : keyOf(context, grant, 'refresh token');
  const shown: Shown = { value, grantId: grant.id, generation: stored.generation ?? 1, bucket: key.bucket };
  const commit = async ({ expiresIn }: HandedOut): Promise<Committed> => {
    // PROTOCOL §1: a token bound to a key, or used with the client's own authentication, need not be rotated
    const rotates = client.authMethod !== 'private_key_jwt' && grant.jkt === null;
    const next = rotates ? nextOf(deps, shown) : null;
    const used = await deps.storage.useRefreshToken({
      refreshToken: key,
      clientId: client.id,
      jkt,
      idleSeconds: LIFETIME.refreshTokenIdle,
      shownAt: stored.readAt,
      successor: next === null ? null : { hash: hashToken(next.token), keyId: next.keyId, graceSeconds: expiresIn },
      guards: guards.take(),
    });
    switch (used.kind) {
      case 'replayed':
        return refuseReplay(used);
      case 'used':
        return { refreshToken: next?.token };
      case 'again':
        return { refreshToken: await newestOf(deps, shown, used) };
      case 'replaced':
        deps.emit({ event: 'refresh_token_reused', clientId: client.id, grantId: used.grantId });
        throw bad('refresh token', 'used after it was replaced');
      case 'unknown':
        throw bad('refresh token', 'ended meanwhile');
    }
  };
  if (stored.isReplaced) return refuseAt(commit, 'refresh token');
  return answer(deps, context, { occasion: 'refresh', grant, jkt, commit });
}

async function answer(
  deps: IssueDeps,
  { client, params, guards, signal }: TokenContext,
  own: Pick<Issue, 'occasion' | 'grant' | 'jkt' | 'commit'>,
): Answer {
  const issue = answererOf(deps.config, own.grant);
  if (issue === null) throw bad(own.occasion === 'code' ? 'code' : 'refresh token', 'nobody answers for it');
  return issue({ ...own, client, params, scope: narrowed(own.grant, params.get('scope')), guards, signal });
}

/** RFC 6749 §6: the same scope, or less. */
function narrowed(grant: StoredGrant, given: string | undefined): ScopeSet {
  // RFC 6749 §3.1: a parameter without a value counts as absent
  if (given === undefined || given === '') return grant.scope;
  const asked = parseLooseScope(given);
  if (asked === null || asked.length === 0 || !coversScope(grant.scope, asked))
    throw invalidScope('The scope is not part of this grant.');
  return asked;
}

/** A grant with a key can only ever be used with that key; one without may bring its first. PROTOCOL §6. */
function keyOf({ jkt }: TokenContext, grant: StoredGrant, what: string): string | null {
  if (grant.jkt === null) return jkt;
  if (jkt === null) throw invalidDpopProof('This grant is bound to a DPoP key: send a proof.');
  if (jkt !== grant.jkt) throw bad(what, 'another DPoP key');
  return jkt;
}

/** Used or dead as far as is known: storage says which, and does what follows. Nothing is issued. */
async function refuseAt(commit: Issue['commit'], what: string): Promise<never> {
  await commit({ expiresIn: 0 });
  throw bad(what, 'not open');
}

/** Its code can no longer be redeemed: anything minted for it meanwhile ends with the grant. */
async function endUnused({ storage, emit }: IssueDeps, { id, subject, clientId }: StoredGrant): Promise<void> {
  if (await storage.endGrant({ id, by: 'server' })) emit({ event: 'grant_ended', grantId: id, subject, clientId });
}

const bad = (what: string, cause: string): OAuthError => invalidGrant(`The ${what} is not valid.`, { cause });
