export {
  type AuthorizationStarted,
  type BadCallback,
  type Denied,
  type FinishAuthorizationInput,
  finishAuthorization,
  type StartAuthorizationInput,
  startAuthorization,
  stateOfCallback,
} from './authorize.ts';
export {
  type LinkClientInput,
  linkClientDocument,
  linkClientId,
  linkRedirectUri,
  type PublishedKeys,
  type RequesterClientInput,
  requesterClientDocument,
  requesterClientMetadata,
} from './client-document.ts';
export type { ClientAuthentication, ClientDeps, ClientIdentity } from './deps.ts';
export {
  type DiscoverDeps,
  type DocumentReader,
  type DiscoverInput,
  type Discovered,
  type Discovery,
  type DiscoveryFailed,
  type DiscoveryFault,
  discover,
} from './discover.ts';
export { createDiscoveryCache, type DiscoveryCache } from './discovery-cache.ts';
export {
  type Exchanged,
  type ExchangeInput,
  exchange,
  type PollInput,
  pollDeferred,
  type RefreshInput,
  type RevokeInput,
  refresh,
  revoke,
} from './grants.ts';
export type { ServerRole } from './metadata.ts';
export type { Failure, OAuthErrorAnswer, TimedOut, Unreachable, Unusable } from './outcome.ts';
export { type DeleteClientInput, deleteClient, type Registered, registerClient } from './register.ts';
export { type FetchResourceInput, fetchResource, type ResourceAnswer } from './resource.ts';
export type { Obtained, Relationship } from './tokens.ts';
export {
  type AnsweredTransfer,
  type AskTransfersInput,
  askTransfers,
  type TransfersAnswered,
  type TransfersDeps,
} from './transfers.ts';
