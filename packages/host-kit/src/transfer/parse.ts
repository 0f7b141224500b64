import {
  BAD_TOKEN_TEXT,
  type FormParams,
  invalidRequest,
  invalidScope,
  invalidTarget,
  type Issuer,
  parseScope,
  type ScopeSet,
  TOKEN_TYPE,
} from '@chatelaine/protocol';

/** Hop 2's form, parsed; none of it has been verified. */
export interface TransferForm {
  readonly subjectToken: string;
  readonly actorToken: string;
  readonly resource: string;
  /** As sent, for comparison with the statement. */
  readonly scopeText: string;
  readonly scope: ScopeSet;
}

/** RFC 8693 §2.1 with what PROTOCOL §3.3 makes of it. Throws `invalid_request`, `invalid_target` or `invalid_scope`. */
export function parseTransferForm(params: FormParams, issuer: Issuer): TransferForm {
  const subjectToken = params.get('subject_token');
  const actorToken = params.get('actor_token');
  if (subjectToken === undefined) throw invalidRequest(BAD_TOKEN_TEXT, { cause: 'subject_token missing' });
  // the statement names the key: without it there is nothing to mint for
  if (actorToken === undefined) throw invalidRequest(BAD_TOKEN_TEXT, { cause: 'actor_token missing' });
  if (params.get('subject_token_type') !== TOKEN_TYPE.accessToken) {
    throw invalidRequest(`subject_token_type must be ${TOKEN_TYPE.accessToken}.`);
  }
  if (params.get('actor_token_type') !== TOKEN_TYPE.jwt)
    throw invalidRequest(`actor_token_type must be ${TOKEN_TYPE.jwt}.`);
  const requested = params.get('requested_token_type');
  if (requested !== undefined && requested !== TOKEN_TYPE.accessToken) {
    throw invalidRequest(`requested_token_type can only be ${TOKEN_TYPE.accessToken}.`);
  }
  const resource = params.get('resource');
  if (resource === undefined) throw invalidRequest('resource is missing.');
  const audience = params.get('audience');
  if (audience !== undefined && audience !== issuer) throw invalidTarget('audience is not this server.');
  const scopeText = params.get('scope');
  if (scopeText === undefined) throw invalidRequest('scope is missing.');
  const scope = parseScope(scopeText);
  if (scope === null) throw invalidScope('scope is not a list of scope values.');
  return { subjectToken, actorToken, resource, scopeText, scope };
}
