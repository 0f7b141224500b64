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
 * Answers a code or a refresh token of a stock client's connection with the Host's own token, in the form of RFC 6749
 * §5.1. The token comes from an ordinary transfer: same snapshot, same decision, same audit row. The Host is called
 * first; the code or refresh token is used up only when there is a token to hand out. Revocation is read last, because
 * a client that sends many requests at once can delay each of them before that. PROTOCOL §6.
 */
export async function issueHostToken(deps: TransferDeps, issue: Issue): Promise<Readonly<Record<string, unknown>>> {
  const { grant, client, jkt, scope, guards, signal, occasion } = issue;
  const resource = await resourceOf(deps, issue);
  // RFC 9449 §5.2: a client with `dpop_bound_access_tokens` always sends a proof
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
  if (minted.kind !== 'minted') throw forStockClient(minted, occasion);
  const { refreshToken } = await commitOrWithhold(deps, issue, minted);
  const outcome = (await complete(deps, [minted]))(minted);
  if (outcome.kind !== 'token') throw forStockClient(outcome, occasion);
  return tokenResponse(outcome.response, client.grantTypes.includes(GRANT.refreshToken) ? refreshToken : undefined);
}

/**
 * Commits the answer. If the code or refresh token was lost in the meantime, nobody gets what the Host minted; if that
 * cannot be recorded now, the sweep does it.
 */
async function commitOrWithhold(deps: TransferDeps, { commit }: Issue, minted: Minted): Promise<Committed> {
  try {
    return await commit({ expiresIn: minted.response.expires_in });
  } catch (error) {
    await withhold(deps, minted).catch((err: unknown) => deps.log.warn({ err }, 'a transfer was not closed'));
    throw error;
  }
}

/** RFC 8707 §2.2: a code or refresh token is good only for what it was granted for, which is one resource. */
async function resourceOf(deps: TransferDeps, { grant, params }: Issue): Promise<ResourceUrl> {
  const { schemes } = deps.config;
  const stored = await readResource(deps, { connectionId: grant.id, ownerId: grant.subject });
  const resource = stored === null ? null : parseResource(stored, schemes);
  if (resource === null) throw needsOwner('no such connection');
  const given = params.get('resource');
  const named = given === undefined ? null : canonicalResource(given, schemes);
  // accepts what the authorization endpoint accepts, since clients spell the resource the same way here
  if (given !== undefined && (named === null || meantBy(named, [resource]) === null))
    throw invalidTarget('resource is not the one of this grant.');
  return resource;
}

/** The answer of RFC 6749 §5.1, with no other member. */
function tokenResponse(minted: TransferResponse, refreshToken: string | undefined): Readonly<Record<string, unknown>> {
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
 * Translates a refusal for a stock client, which knows two kinds of failure: try again later, or authorize again. What
 * only the owner can change is `invalid_grant`, which makes the client send the owner here again (RFC 6749 §5.2). What
 * passes by itself keeps its error, and the refresh token stays good. Where the Host's own policy refuses, asking the
 * owner again would not help.
 */
function forStockClient(refusal: Refusal, occasion: Issue['occasion']): OAuthError {
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
      // with a code, the client may still send a proof; a refresh token could be used without one, and no longer can
      return occasion === 'refresh' ? needsOwner('Bearer no longer allowed') : toOAuthError(refusal);
    default:
      return toOAuthError(refusal);
  }
}

const needsOwner = (cause: string): OAuthError => invalidGrant('The owner has to agree anew.', { cause });
