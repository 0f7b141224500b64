import {
  type Client,
  type DocumentDeps,
  type Guards,
  resolveClient,
  type ServerDeps,
  verifyByClient,
} from '@chatelaine/oauth-server';
import {
  accessDenied,
  coversScope,
  type Issuer,
  JWT_TYP,
  LIFETIME,
  type OAuthError,
  parseScope,
  type RequesterStatement,
  requesterStatementSchema,
  type Schemes,
  type ScopeSet,
} from '@chatelaine/protocol';
import type { TransferForm } from './parse.ts';
import type { Statement } from './statement.ts';

export interface RequesterStatementDeps extends DocumentDeps, Pick<ServerDeps, 'emit'> {
  readonly issuer: Issuer;
  readonly schemes: Schemes;
  /** The scopes reserved for Requesters that state their own key. */
  readonly statementScopes: ScopeSet;
}

/**
 * If a scope demands it, checks what the Requester itself states about its key, with the keys of the document at its
 * client id: then not even the AM can name another key. Otherwise the statement is ignored: an AM that lies would leave
 * it out. PROTOCOL §3.6.
 *
 * This comes after everything that makes an AM ask again with a new statement of its own (PROTOCOL §3.5): the
 * Requester's cannot be renewed on the way, so a stale link token must not spend it. For the same reason a fault is
 * `access_denied`, for which no AM asks again, and not `invalid_request`.
 */
export async function checkRequesterStatement(
  deps: RequesterStatementDeps,
  input: { client: Client; statement: Statement; form: TransferForm; guards: Guards },
): Promise<void> {
  const { client, statement, form, guards } = input;
  if (!form.scope.some((scope) => deps.statementScopes.includes(scope))) return;
  const requester = statement.requester.id;
  const read = await inTime(readSigned(deps, { token: statement.requesterStatement, requester }));
  const checked = read.kind === 'good' ? compared(read, { statement, form }) : read;
  if (checked.kind === 'bad') {
    const { reason } = checked;
    deps.emit({ event: 'requester_statement_refused', clientId: client.id, requesterId: requester, reason });
    throw refused();
  }
  const { jti, exp } = checked.own;
  guards.add({ kind: 'requester_statement', key: requester, jti, expiresAt: exp + LIFETIME.statement });
}

/**
 * Seconds for its document and keys together. An AM waits 5 s for all of hop 2 (PROTOCOL §3.8), and stops calling a
 * Host for everybody if it is slow again and again: the author of a Requester must not be able to cause that.
 */
const READ_SECONDS = 3;

/** A later answer is still cached, for the next time. */
async function inTime(reading: Promise<Read>): Promise<Read> {
  const late = Promise.withResolvers<Read>();
  const timer = setTimeout(() => late.resolve(bad('documents too slow')), READ_SECONDS * 1000);
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

type Read =
  | { readonly kind: 'good'; readonly own: RequesterStatement }
  | { readonly kind: 'bad'; readonly reason: string };

/** Its claims, if they are signed by a key published at its `iss`; otherwise what is wrong with it. */
async function readSigned(
  deps: RequesterStatementDeps,
  { token, requester }: { token: string | null; requester: string },
): Promise<Read> {
  if (token === null) return bad('missing');
  // a Requester is not a client of this server, so the rules for clients do not apply
  const config = { schemes: deps.schemes, relationshipTokens: 'bound' } as const;
  const found = await resolveClient({ ...deps, config }, requester);
  if (found.kind === 'unknown') return bad(`client document: ${found.reason}`);
  // a registered client is known only where it registered
  if (found.client.source !== 'document') return bad('no client document');
  const verified = await verifyByClient(deps, found.client, {
    token,
    typ: JWT_TYP.requesterStatement,
    issuer: requester,
    subject: requester,
    audience: deps.issuer,
    maxLifetimeSeconds: LIFETIME.statement,
  });
  if (verified.kind === 'invalid') return bad(verified.reason);
  const parsed = requesterStatementSchema.safeParse(verified.claims);
  return parsed.success ? { kind: 'good', own: parsed.data } : bad('shape');
}

/** Valid only for what the AM asks for. */
function compared(
  read: Extract<Read, { kind: 'good' }>,
  { statement, form }: { statement: Statement; form: TransferForm },
): Read {
  const { cnf, resource, scope } = read.own;
  if (cnf.jkt !== statement.jkt) return bad('another key');
  if (resource !== form.resource) return bad('resource');
  return coversScope(parseScope(scope) ?? [], form.scope) ? read : bad('scope');
}

const bad = (reason: string): Read => ({ kind: 'bad', reason });
const refused = (): OAuthError =>
  accessDenied("What was asked for is given only on the Requester's own statement, and there is no good one.", {
    extras: { denied_by: 'host', requestable: false },
  });
