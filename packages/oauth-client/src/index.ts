export * from './authorize.ts';
export * from './client-document.ts';
export * from './deps.ts';
export * from './discover.ts';
export * from './discovery-cache.ts';
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
export * from './register.ts';
export * from './resource.ts';
export type { Obtained, Relationship } from './tokens.ts';
export * from './transfer.ts';
export * from './transfers.ts';
export { createSingleFlight } from './single-flight.ts';
