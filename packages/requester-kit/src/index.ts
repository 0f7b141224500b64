export type { Want } from '@chatelaine/protocol';
export { createVault, generateSigningKey, type SigningKey } from '@chatelaine/crypto';
export type { CallInit, CallOutcome } from './call.ts';
export type { Deferred, PollOutcome } from './deferred.ts';
export type { CallbackInput, CallbackOutcome, ConnectInput, ConnectOutcome, NotConnected } from './connect.ts';
export type { DisconnectOutcome } from './disconnect.ts';
export type { ExplainInput, ExplainOutcome, Explanation } from './explain.ts';
export type { Explainable } from './explainable.ts';
export { createMemoryStore } from './memory-store.ts';
export type { Registration, RequesterOptions } from './options.ts';
export type { At, ConnectionFailure, Reconnect, TryLater, UnknownConnection, Unusable } from './outcome.ts';
export { type ConnectionInfo, createRequester, type Requester } from './requester.ts';
export type {
  AgreementRow,
  ConnectionRef,
  ConnectionRow,
  RegistrationRow,
  RegistrationStore,
  RequesterStore,
  EncryptedSecrets,
  StateKey,
  StateRow,
} from './requester-store.ts';
export type { ShareAsHost } from './share-as-host.ts';
export type { TermsStanding } from './settle-terms.ts';
export type { TermsPolicy, UndecidedTerms } from './terms-policy.ts';
export type { Target, TargetsOutcome } from './targets.ts';
export type { HostToken } from './token-cache.ts';
export type {
  AccessDenied,
  InteractionRequired,
  TermsRequired,
  TransferInput,
  TransferOutcome,
  Wanted,
} from './transfer.ts';
export type { Transferred, TransfersInput } from './transfers.ts';
