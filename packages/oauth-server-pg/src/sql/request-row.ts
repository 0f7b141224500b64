import type { AuthorizationRequest } from '@chatelaine/oauth-server';

/** The columns from which an {@link AuthorizationRequest} is read. */
export const REQUEST_COLUMNS =
  'redirect_uri, scope, transfer_scope, state, code_challenge, jkt, prompt, extensions, answered_by, authenticated';

export interface RequestRow {
  redirect_uri: string;
  scope: string[];
  transfer_scope: string[] | null;
  state: string | null;
  code_challenge: string;
  jkt: string | null;
  prompt: string | null;
  extensions: Record<string, unknown> | null;
  answered_by: string | null;
  authenticated: boolean;
}

export function toRequest(row: RequestRow): AuthorizationRequest {
  return {
    redirectUri: row.redirect_uri,
    scope: row.scope,
    transferScope: row.transfer_scope,
    state: row.state,
    codeChallenge: row.code_challenge,
    jkt: row.jkt,
    prompt: row.prompt,
    extensions: row.extensions ?? {},
    answeredBy: row.answered_by,
    isAuthenticated: row.authenticated,
  };
}
