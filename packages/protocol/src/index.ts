export { acceptedWeights } from './accept.ts';
export type { Clock } from './clock.ts';
export * from './client-metadata.ts';
export { canWait, DEFERRED, type DeferralExtras } from './deferred.ts';
export { displayText, withoutStrayJoiners } from './display.ts';
export * from './error-meanings.ts';
export * from './errors.ts';
export * from './forms.ts';
export * from './openapi.ts';
export * from './refusals.ts';
export * from './request-fields.ts';
export * from './form.ts';
export * from './ids.ts';
export * from './issuer.ts';
export * from './json.ts';
export * from './lifetimes.ts';
export * from './metadata.ts';
export {
  coversScope,
  formatScope,
  parseLooseScope,
  parseScope,
  sameScope,
  scopeKey,
  type ScopeSet,
} from './scope.ts';
export * from './source.ts';
export * from './terms.ts';
export * from './tokens.ts';
export * from './transfers.ts';
export * from './urns.ts';
export * from './wants.ts';
