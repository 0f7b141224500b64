import { type Guards, resolveClient, type ServerDeps, verifyByClient } from '@chatelaine/oauth-server';
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

export interface RequesterStatementDeps extends Pick<ServerDeps, 'storage' | 'fetchDocument' | 'clock'> {
  readonly issuer: Issuer;
  readonly schemes: Schemes;
  /** The scopes that are given only to Requesters that say themselves which key is theirs. */
  readonly statementScopes: ScopeSet;
}

/**
 * Where a scope demands it, checks what the Requester itself says of its key, by the keys of the document at its client id: then not even the AM can
 * name another. Elsewhere nobody looks at it: an AM that lies would leave it out. PROTOCOL §3.6.
 *
 * Comes after everything that makes an AM ask again with a new statement of its own (PROTOCOL §3.5): the Requester's cannot be renewed on the way,
 * so a stale link token must not spend it. For the same reason a fault is `access_denied`, which no AM asks again for, not `invalid_request`.
 */
export async function checkRequesterStatement(
  deps: RequesterStatementDeps,
  input: { statement: Statement; form: TransferForm; guards: Guards },
): Promise<void> {
  const { statement, form, guards } = input;
  if (!form.scope.some((scope) => deps.statementScopes.includes(scope))) return;
  if (statement.requesterStatement === null) throw refused('missing');
  const requester = statement.requester.id;
  const own = await verify(deps, { token: statement.requesterStatement, requester });
  const fault = faultOf(own, { statement, form });
  if (fault !== null) throw refused(fault);
  guards.add({ kind: 'requester_statement', key: requester, jti: own.jti, expiresAt: own.exp + LIFETIME.statement });
}

/** Its claims, once a key that is published where its `iss` points has signed them. */
async function verify(
  deps: RequesterStatementDeps,
  { token, requester }: { token: string; requester: string },
): Promise<RequesterStatement> {
  // a Requester is no client of this server, so what this server asks of its clients does not matter
  const config = { schemes: deps.schemes, relationshipTokens: 'bound' } as const;
  const found = await resolveClient({ ...deps, config }, requester);
  if (found.kind === 'unknown') throw refused(`client document: ${found.reason}`);
  // what was registered somewhere is known there only
  if (found.client.source !== 'document') throw refused('no client document');
  const verified = await verifyByClient(deps, found.client, {
    token,
    typ: JWT_TYP.requesterStatement,
    issuer: requester,
    subject: requester,
    audience: deps.issuer,
    maxLifetimeSeconds: LIFETIME.statement,
  });
  if (verified.kind === 'invalid') throw refused(verified.reason);
  const parsed = requesterStatementSchema.safeParse(verified.claims);
  if (!parsed.success) throw refused('shape');
  return parsed.data;
}

function faultOf(
  own: RequesterStatement,
  { statement, form }: { statement: Statement; form: TransferForm },
): string | null {
  if (own.cnf.jkt !== statement.jkt) return 'another key';
  if (own.resource !== form.resource) return 'resource';
  return coversScope(parseScope(own.scope) ?? [], form.scope) ? null : 'scope';
}

const refused = (cause: string): OAuthError =>
  accessDenied("What was asked for is given only on the Requester's own statement, and there is no good one.", {
    cause: `requester statement: ${cause}`,
    extras: { denied_by: 'host', requestable: false },
  });
