export type { Clock } from './clock.ts';
export {
  type ClientDocument,
  type ClientMetadata,
  clientDocumentSchema,
  clientMetadataSchema,
  type JwksDocument,
  jwksSchema,
  type RegistrationResponse,
  registrationResponseSchema,
} from './client-metadata.ts';
export { canWait, DEFERRED, type DeferralExtras } from './deferred.ts';
export { displayText, withoutStrayJoiners } from './display.ts';
export * from './errors.ts';
export {
  codeForm,
  deferredForm,
  introspectionForm,
  mintForm,
  pushedRequestForm,
  pushedResponseSchema,
  refreshForm,
  resourceCodeForm,
  resourceRefreshForm,
  resourceRequestForm,
  revocationForm,
  transferForm,
} from './forms.ts';
export { type ApiOperation, openApiDocument } from './openapi.ts';
export { refusalOfFields } from './request-fields.ts';
export { type FormParams, type FormResult, formatForm, parseForm } from './form.ts';
export { type ParsedToken, parseToken, type Token, TOKEN_KINDS, type TokenKind } from './ids.ts';
export {
  defaultResource,
  type Issuer,
  isHost,
  isLoopbackHost,
  landingOf,
  issuerFromAddress,
  parseIssuer,
  parseResource,
  type ResourceUrl,
  resourceMetadataUrl,
  type Schemes,
  serverMetadataUrl,
} from './issuer.ts';
export { type JsonResult, parseJson } from './json.ts';
export { DPOP_IAT_WINDOW_SECONDS, LIFETIME, LIMIT } from './lifetimes.ts';
export {
  type ResourceMetadata,
  resourceMetadataSchema,
  type ServerMetadata,
  serverMetadataSchema,
} from './metadata.ts';
export {
  coversScope,
  formatScope,
  parseLooseScope,
  parseScope,
  sameScope,
  scopeKey,
  type ScopeSet,
} from './scope.ts';
export { networkOf, sourceOf } from './source.ts';
export {
  type ErrorResponse,
  errorResponseSchema,
  type IntrospectionResponse,
  introspectionResponseSchema,
  type RequesterStatement,
  requesterStatementSchema,
  type TargetsResponse,
  targetsResponseSchema,
  tokenAnswerSchema,
  type TokenResponse,
  tokenResponseSchema,
  type TransferResponse,
  type TransferStatement,
  transferResponseSchema,
  transferStatementSchema,
} from './tokens.ts';
export {
  BATCH,
  NDJSON,
  type TransferAnswer,
  type TransferItem,
  transferAnswerSchema,
  type TransfersRequest,
  type TransfersResponse,
  transfersRequestSchema,
  transfersResponseSchema,
} from './transfers.ts';
export * from './urns.ts';
