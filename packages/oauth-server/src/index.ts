export { answerUrl } from './authorize/answer-url.ts';
export { type AnsweredRequest, readAnswered } from './authorize/answered.ts';
export { type Consent, type ConsentOutcome, grantConsent, refuseConsent } from './authorize/consent.ts';
export { keepForm } from './authorize/keep-form.ts';
export { type PushedRequest, pushAuthorizationRequest } from './authorize/push.ts';
export { type Interaction, type StartedAuthorization, startAuthorization } from './authorize/start.ts';
export { authenticateClient, type ClientRequest } from './client/authenticate-client.ts';
export { type Client, type ClientKeys, isProven, nameWithout } from './client/client.ts';
export {
  DOCUMENT_MEMORY_BYTES,
  documentBytes,
  type DocumentDeps,
  type Read,
  readDocument,
} from './client/documents.ts';
export { type ResolvedClient, resolveClient } from './client/resolve-client.ts';
export { clientKeys, verifyByClient, type VerifiedByClient } from './client/verify-by-client.ts';
export type { FetchDocument, ServerConfig, ServerDeps, ServerEvent, SuccessorKeys } from './deps.ts';
export { ENDPOINT } from './endpoints.ts';
export type {
  Committed,
  ExtensionReading,
  ExtensionRequest,
  HandedOut,
  Issue,
  Redemption,
  RequestExtension,
} from './extension.ts';
export { introspect } from './introspect.ts';
export { serverMetadata } from './metadata.ts';
export { operationsOf } from './operations.ts';
export { deleteRegistration, readRegistration } from './registration/manage.ts';
export { registerClient } from './registration/register.ts';
export { revoke } from './revoke.ts';
export type * from './storage.ts';
export type { Grant, TokenContext } from './token/grant.ts';
export { Guards, refuseReplay, replayError, withGuards } from './token/guards.ts';
export { token, type TokenRequest } from './token/token.ts';
