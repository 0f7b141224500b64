import { hashToken, mintToken } from '@chatelaine/crypto';
import {
  type Client,
  type Grant,
  type Guards,
  refuseReplay,
  type StoredToken,
  type TokenContext,
  type TokenKey,
} from '@chatelaine/oauth-server';
import type { ServerDeps } from '@chatelaine/oauth-server';
import {
  accessDenied,
  BAD_TOKEN_TEXT,
  coversScope,
  formatScope,
  GRANT,
  invalidRequest,
  invalidScope,
  invalidTarget,
  LIFETIME,
  type OAuthError,
  parseToken,
  type ResourceUrl,
  TOKEN_TYPE,
  type TransferResponse,
} from '@chatelaine/protocol';
import { askApp } from '../ask-app.ts';
import type { HostOptions, TransferAttempt } from '../options.ts';
import { shareableNow } from '../shareable.ts';
import { parseTransferForm, type TransferForm } from './parse.ts';
import { checkRequesterStatement, type RequesterStatementDeps } from './requester-statement.ts';
import { checkStatement, type Statement, type StatementDeps } from './statement.ts';

export interface TransferDeps extends StatementDeps, RequesterStatementDeps, Pick<ServerDeps, 'emit'> {
  /** The resources that tokens can be for. */
  readonly resources: readonly ResourceUrl[];
  /** Whether tokens bound to no key are minted at all. */
  readonly bearer: boolean;
  readonly checks: NonNullable<HostOptions['checks']> | null;
  readonly shareable: NonNullable<HostOptions['shareable']> | null;
}

/** Hop 2: the AM, holding an owner's link, asks for a token for a Requester's key. RFC 8693 §2, PROTOCOL §3.3, §3.4. */
export function transferGrant(deps: TransferDeps): Grant {
  return { grantType: GRANT.tokenExchange, handle: async (context) => ({ ...(await transfer(deps, context)) }) };
}

async function transfer(deps: TransferDeps, context: TokenContext): Promise<TransferResponse> {
  const { client, params, jkt, guards, fetchDocument } = context;
  // PROTOCOL §3.3: one header cannot both prove the AM's key and bind the Requester's
  if (jkt !== null) throw invalidRequest('A transfer carries no DPoP proof: the statement names the key.');
  const form = parseTransferForm(params, deps.issuer);
  const statement = await checkStatement(deps, { client, form, guards });
  if (statement.jkt === null && !deps.bearer) throw badToken('bearer is not allowed here');
  const linkToken = linkTokenIn(form);
  const resource = deps.resources.find((own) => own === form.resource);
  if (resource !== undefined && needsNoLink(deps, form))
    return mint(deps, { client, guards, form, statement, linkToken });
  const link = await findLink(deps, client, linkToken);
  if (resource === undefined) throw invalidTarget('This server has no such resource.');
  const { transferScope, subject } = link.grant;
  if (!coversScope(transferScope ?? [], form.scope)) throw overCeiling();
  if (deps.shareable !== null && !coversScope(await shareableNow(deps.shareable, subject), form.scope))
    throw overCeiling();
  // an AM may name any URL as a Requester
  await checkRequesterStatement({ ...deps, fetchDocument }, { client, statement, form, guards });
  await askHost(deps, {
    owner: subject,
    am: statement.am,
    requester: statement.requester,
    scope: form.scope,
    resource,
    bearer: statement.jkt === null,
  });
  return mint(deps, { client, guards, form, statement, linkToken });
}

/**
 * Whether the statement that mints, which reads the link and its ceiling anyway, decides all that is left. Then the
 * link is not read before it, which saves one statement of two. Where the app has a say, or a Requester must state its
 * own key, it is read first, so that nobody is asked about a link that has ended.
 */
const needsNoLink = ({ checks, shareable, statementScopes }: TransferDeps, { scope }: TransferForm): boolean =>
  checks === null && shareable === null && !scope.some((one) => statementScopes.includes(one));

function linkTokenIn({ subjectToken }: TransferForm): TokenKey {
  const parsed = parseToken(subjectToken);
  if (parsed?.kind !== 'lt') throw badToken('not a link token');
  return { bucket: parsed.bucket, hash: hashToken(subjectToken) };
}

/** A live link token of this client. Anything else, tokens of other kinds included, is refused with the same text. */
async function findLink(deps: TransferDeps, client: Client, linkToken: TokenKey): Promise<StoredToken> {
  const stored = await deps.storage.findToken(linkToken);
  // a token with `act` is the end of a chain, never part of one
  if (stored === null || stored.kind !== 'lt' || stored.act !== null) throw badToken('unknown, expired or ended');
  if (stored.grant.clientId !== client.id) {
    deps.emit({ event: 'foreign_token', clientId: client.id, ownerOfToken: stored.grant.clientId });
    throw badToken('of another client');
  }
  return stored;
}

/** The Host's own policy has the last word before the mint; if it cannot be asked, nothing is minted. */
async function askHost(deps: TransferDeps, attempt: TransferAttempt): Promise<void> {
  const { checks } = deps;
  if (checks === null) return;
  const denied = await askApp(() => checks(attempt));
  if (denied !== null) throw accessDenied(denied.sentence, { extras: { denied_by: 'host', requestable: false } });
}

async function mint(
  deps: TransferDeps,
  input: { client: Client; guards: Guards; form: TransferForm; statement: Statement; linkToken: TokenKey },
): Promise<TransferResponse> {
  const { client, guards, form, statement, linkToken } = input;
  const { jkt, requester } = statement;
  const token = mintToken('at', linkToken.bucket);
  const lifetimeSeconds = jkt === null ? LIFETIME.hostBearerToken : LIFETIME.hostAccessToken;
  const minted = await deps.storage.mintTransfer({
    linkToken,
    clientId: client.id,
    transferGrantId: statement.grantId,
    token: {
      hash: hashToken(token),
      lifetimeSeconds,
      scope: form.scope,
      audience: form.resource,
      jkt,
      act: { iss: statement.am, sub: requester.id },
      actorName: requester.name,
      actorUri: requester.uri,
    },
    guards: guards.take(),
  });
  switch (minted.kind) {
    case 'replayed':
      return refuseReplay(minted);
    case 'unknown':
      // throws what is wrong with the link, if it was not read before the mint
      await findLink(deps, client, linkToken);
      throw badToken('ended in the meantime');
    case 'ended':
      throw badToken('the transfer grant was ended'); // PROTOCOL §3.8: stopped while in flight
    case 'over_ceiling':
      throw overCeiling();
    case 'minted':
      return {
        access_token: token,
        issued_token_type: TOKEN_TYPE.accessToken,
        token_type: jkt === null ? 'Bearer' : 'DPoP',
        // two clocks: never promise more than was asked of the database
        expires_in: Math.min(lifetimeSeconds, Math.max(1, Math.floor(minted.expiresAt - deps.clock.now()))),
        scope: formatScope(form.scope),
        resource: form.resource,
        ...(jkt === null ? {} : { cnf: { jkt } }),
        iss: deps.issuer,
      };
  }
}

const badToken = (cause: string): OAuthError => invalidRequest(BAD_TOKEN_TEXT, { cause });
const overCeiling = (): OAuthError => invalidScope('The scope goes beyond what the owner allowed for this link.');
