/**
 * Names of parameters of OAuth and of our protocol, and one that is dangerous for code that makes objects of forms: for
 * fuzz tests.
 */
export const PARAMETERS: readonly string[] = [
  'grant_type',
  'client_id',
  'client_assertion',
  'client_assertion_type',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'resource',
  'audience',
  'scope',
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'token_type_hint',
  'redirect_uri',
  'request_uri',
  'response_type',
  'state',
  'prompt',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
  'transfer_scope',
  '__proto__',
];
