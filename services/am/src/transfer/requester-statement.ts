import { unverifiedClaims } from '@chatelaine/crypto';
import {
  BAD_TOKEN_TEXT,
  coversScope,
  type FormParams,
  invalidRequest,
  JWT_TYP,
  LIMIT,
  parseScope,
  requesterStatementSchema,
  type ResourceUrl,
  type ScopeSet,
  TOKEN_TYPE,
} from '@chatelaine/protocol';

/** What a Requester's own statement must be about to be passed on with a request. */
export interface AboutRequest {
  readonly clientId: string;
  readonly jkt: string;
  readonly resource: ResourceUrl;
  readonly scopes: ScopeSet;
}

/** The statement in a form; null if there is none. RFC 8693 §2.1: its type accompanies it, and only it. */
export function actorTokenOf(params: FormParams): string | null {
  const token = params.get('actor_token');
  const type = params.get('actor_token_type');
  if (token === undefined && type === undefined) return null;
  if (token === undefined || type !== TOKEN_TYPE.jwt) throw bad('actor_token_type');
  return token;
}

/**
 * Refuses a statement that is plainly about another request, before anything is written for it. Nothing else about it
 * is judged: whether it is valid is for the Host to decide, by the Requester's keys. PROTOCOL §3.6.
 */
export function readRequesterStatement(token: string | null, about: AboutRequest): string | null {
  if (token === null) return null;
  if (token.length > LIMIT.requesterStatementChars) throw bad('size');
  const read = unverifiedClaims(token);
  const parsed = requesterStatementSchema.safeParse(read?.claims);
  if (read?.typ !== JWT_TYP.requesterStatement || !parsed.success) throw bad('shape');
  const { iss, sub, aud, resource, scope, cnf } = parsed.data;
  if (iss !== about.clientId || sub !== about.clientId) throw bad('of another client');
  if (aud !== new URL(about.resource).origin || resource !== about.resource) throw bad('for another resource');
  if (cnf.jkt !== about.jkt) throw bad('another key');
  if (!coversScope(parseScope(scope) ?? [], about.scopes)) throw bad('scope');
  return token;
}

const bad = (cause: string): Error => invalidRequest(BAD_TOKEN_TEXT, { cause: `requester statement: ${cause}` });
