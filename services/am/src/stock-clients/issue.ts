import { type Committed, type Issue, isProven } from '@chatelaine/oauth-server';
import {
  GRANT,
  invalidDpopProof,
  invalidGrant,
  invalidTarget,
  type OAuthError,
  parseResource,
  type ResourceUrl,
  type TransferResponse,
} from '@chatelaine/protocol';
import { withhold } from '../transfer/close.ts';
import { complete } from '../transfer/complete-store.ts';
import type { Minted, Refusal } from '../transfer/outcome.ts';
import type { TransferRequest } from '../transfer/request.ts';
import { pausedForNow, toOAuthError } from '../transfer/to-oauth-error.ts';
import { mint, type TransferDeps } from '../transfer/transfer.ts';
import { canonicalResource, meantBy } from './extension.ts';
import { readResource } from './store.ts';

/**
 * What a code or a refresh token of such a connection is answered with: the Host's own token, obtained by the transfer
 * that everybody gets (same snapshot, same decision, same audit row), in the form of RFC 6749 §5.1. The Host is called
 * first; code or refresh token are used up only when there is something to hand out; and revocation is read last, for
 * whoever sends many requests at once can make each wait before that. PROTOCOL §6.
 */
export async function issueHostToken(deps: TransferDeps, issue: Issue): Promise<Readonly<Record<string, unknown>>> {
  const { grant, client, jkt, scope, guards, signal, occasion } = issue;
  const resource = await resourceOf(deps, issue);
  // RFC 9449 §5.2: it said itself that it always would
  if (jkt === null && client.dpopBound) throw invalidDpopProof('This client registered to send a DPoP proof.');
  const request: TransferRequest = {
    clientId: client.id,
    isAuthenticated: isProven(client),
    subject: { kind: 'grant', bucket: grant.bucket, id: grant.id },
    binding: jkt === null ? { kind: 'bearer' } : { kind: 'key', jkt },
    resource,
    scopes: scope,
    purpose: null,
    requesterStatement: null,
    completion: 'interaction',
  };
  const minted = await mint(deps, { request, guards, quota: 'to be counted', signal });
  if (minted.kind !== 'minted') throw inPlainTerms(minted, occasion);
  const { refreshToken } = await commitOrWithhold(deps, issue, minted);
  const outcome = (await complete(deps, [minted]))(minted);
  if (outcome.kind !== 'token') throw inPlainTerms(outcome, occasion);
  return plainAnswer(outcome.response, client.grantTypes.includes(GRANT.refreshToken) ? refreshToken : undefined);
}

/**
 * What was minted for a code or refresh token that is lost meanwhile goes to nobody; if it cannot be said now, the
 * sweep says it.
 */
async function commitOrWithhold(deps: TransferDeps, { commit }: Issue, minted: Minted): Promise<Committed> {
  try {
    return await commit({ expiresIn: minted.response.expires_in });
  } catch (error) {
    await withhold(deps, minted).catch((err: unknown) => deps.log.warn({ err }, 'a transfer was not closed'));
    throw error;
  }
}

/** RFC 8707 §2.2: a code or refresh token may be used for what it was granted for, and that is one resource. */
async function resourceOf(deps: TransferDeps, { grant, params }: Issue): Promise<ResourceUrl> {
  const { schemes } = deps.config;
  const stored = await readResource(deps, { connectionId: grant.id, ownerId: grant.subject });
  const resource = stored === null ? null : parseResource(stored, schemes);
  if (resource === null) throw needsOwner('no such connection');
  const given = params.get('resource');
  const named = given === undefined ? null : canonicalResource(given, schemes);
  // spelled as at the authorization endpoint, which is how clients spell it again
  if (given !== undefined && (named === null || meantBy(named, [resource]) === null))
    throw invalidTarget('resource is not the one of this grant.');
  return resource;
}

/** RFC 6749 §5.1, and no member beside. */
function plainAnswer(minted: TransferResponse, refreshToken: string | undefined): Readonly<Record<string, unknown>> {
  const { access_token, token_type, expires_in, scope } = minted;
  return {
    access_token,
    token_type,
    expires_in,
    scope,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  };
}

/**
 * A stock client knows two kinds of failure: later, and anew. What only the owner can change is `invalid_grant`, so
 * that it sends them here again (RFC 6749 §5.2); what passes by itself stays what it is, and the refresh token with it.
 * Where the Host's own policy says no, asking the owner again would help nobody.
 */
function inPlainTerms(refusal: Refusal, occasion: Issue['occasion']): OAuthError {
  switch (refusal.kind) {
    case 'bad_token':
    case 'stopped':
    case 'bad_target':
    case 'broken':
    case 'bad_scope':
    case 'interaction_required':
      return needsOwner(refusal.kind);
    case 'deny':
      return needsOwner('the owner’s rules');
    case 'no_terms':
      return needsOwner('the owner’s terms');
    case 'paused':
      return pausedForNow(refusal);
    case 'key_needed':
      // with a code the client may still bring a proof; with a refresh token it was allowed to go without, and no
      // longer is
      return occasion === 'refresh' ? needsOwner('Bearer no longer allowed') : toOAuthError(refusal);
    default:
      return toOAuthError(refusal);
  }
}

const needsOwner = (cause: string): OAuthError => invalidGrant('The owner has to agree anew.', { cause });
