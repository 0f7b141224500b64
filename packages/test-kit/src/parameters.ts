/**
 * What endpoints of OAuth and of our protocol know by name, and one name that has hurt those who made objects of forms:
 * for tests that send anything at all.
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
