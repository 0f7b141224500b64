import type { ErrorCode } from './errors.ts';

/** What each error means to the developer of a client. PROTOCOL §3.8. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  invalid_request:
    'The request is malformed, lacks something, or brings a token that is not acceptable. ' +
    'Mend it; the same again is refused again.',
  invalid_client: 'The client did not authenticate. Check its key, its document and the clock of its machine.',
  invalid_grant: 'The code or refresh token is used, over, stopped, or not this client’s. Connect anew.',
  unauthorized_client: 'This client may not use this grant.',
  unsupported_grant_type: 'This server does not know the grant_type.',
  unsupported_response_type: 'Only response_type=code is known here.',
  invalid_scope: 'A scope is unknown, or beyond what was allowed. Ask for less, or have the owner add it.',
  access_denied:
    'Somebody said no: the owner’s rules (denied_by: am) or the Host (denied_by: host). ' +
    'Where requestable is true, asking the owner could change it.',
  server_error: 'The answer of another server could not be used. Its operator has to mend it; trying again may help.',
  temporarily_unavailable: 'Too much at once, or something is not to be had right now. Try again after Retry-After.',
  invalid_token: 'The token is over, stopped, unknown, or not bound to this key. Get another one.',
  insufficient_scope: 'The token is good, and not for this. Ask for the scope that the answer names.',
  unsupported_token_type: 'Tokens of this kind cannot be revoked here.',
  invalid_redirect_uri: 'A redirect_uri is none that may be used.',
  invalid_client_metadata: 'The registration has a member that cannot be taken.',
  invalid_target:
    'This connection cannot obtain tokens for that resource: it is unknown, not linked, or not shown to it.',
  invalid_request_uri: 'The pushed request is used, over, or not this client’s. Push another one.',
  login_required: 'The owner is not signed in, and the request forbids asking them to.',
  consent_required: 'The owner has to consent, and the request forbids asking them to.',
  interaction_required: 'The owner has to answer first. Send them to interaction_uri, then ask again.',
  invalid_dpop_proof: 'The DPoP proof is missing, used, too old, or not for this request or this key (RFC 9449 §4.3).',
  use_dpop_nonce: 'The proof has to carry the nonce of the DPoP-Nonce header (RFC 9449 §8).',
  authorization_pending: 'The owner has not answered yet. Ask again after interval seconds, with the deferral_code.',
  slow_down: 'Asked too soon. Wait five seconds more than before.',
  expired_token: 'The deferral_code is over: the owner did not answer in time. Ask anew.',
  terms_required: 'The owner proffers terms that have to be answered first (/agreements).',
};
