import { constantTimeEqual, sha256base64url } from '@chatelaine/crypto';
import { type Client, type DocumentDeps, type Guards, verifyByClient } from '@chatelaine/oauth-server';
import {
  BAD_TOKEN_TEXT,
  invalidRequest,
  type Issuer,
  JWT_TYP,
  LIFETIME,
  type TransferStatement,
  transferStatementSchema,
} from '@chatelaine/protocol';
import type { TransferForm } from './parse.ts';

export interface StatementDeps extends DocumentDeps {
  readonly issuer: Issuer;
}

/** The AM's statement, verified. */
export interface Statement {
  /** The AM's issuer. */
  readonly am: Issuer;
  /** Thumbprint of the Requester's key; null only if the AM said `bearer: true`. */
  readonly jkt: string | null;
  readonly grantId: string;
  readonly requester: { readonly id: string; readonly name: string | null; readonly uri: string | null };
  /** The Requester's own statement, not yet verified. PROTOCOL §3.6. */
  readonly requesterStatement: string | null;
}

/**
 * Checks the AM's statement: signed by a key of the client that authenticates this request, for this Host, this link
 * token, this resource and this scope. Every fault is answered with the same text. PROTOCOL §3.3.
 */
export async function checkStatement(
  deps: StatementDeps,
  input: { client: Client; form: TransferForm; guards: Guards },
): Promise<Statement> {
  const { client, form, guards } = input;
  const am = client.issuer;
  if (am === null) throw bad('the client names no issuer');
  const verified = await verifyByClient(deps, client, {
    token: form.actorToken,
    typ: JWT_TYP.transferStatement,
    issuer: am,
    audience: deps.issuer,
    maxLifetimeSeconds: LIFETIME.statement,
  });
  if (verified.kind === 'invalid') throw bad(verified.reason);
  const parsed = transferStatementSchema.safeParse(verified.claims);
  if (!parsed.success) throw bad('shape');
  const statement = parsed.data;
  const fault = faultOf(statement, form);
  if (fault !== null) throw bad(fault);
  guards.add({ kind: 'statement', key: client.id, jti: statement.jti, expiresAt: statement.exp + LIFETIME.statement });
  const requester = { id: statement.sub, name: statement.client_name ?? null, uri: statement.client_uri ?? null };
  return {
    am,
    jkt: statement.cnf?.jkt ?? null,
    grantId: statement.grant_id,
    requester,
    requesterStatement: statement.requester_statement ?? null,
  };
}

function faultOf(statement: TransferStatement, form: TransferForm): string | null {
  // tied to one link: a statement for one owner's link is worth nothing with another's
  if (!constantTimeEqual(statement.ath, sha256base64url(form.subjectToken))) return 'ath';
  if (statement.resource !== form.resource) return 'resource';
  if (statement.scope !== form.scopeText) return 'scope';
  // never a bearer token by omission
  if ((statement.cnf === undefined) === (statement.bearer === undefined)) return 'not exactly one of cnf and bearer';
  return null;
}

const bad = (cause: string): Error => invalidRequest(BAD_TOKEN_TEXT, { cause: `statement: ${cause}` });
