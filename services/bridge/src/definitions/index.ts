export type { OAuth1Definition, OAuth2Definition } from './definition.ts';
export { memberOf } from './member-of.ts';
export { neededScopes, type Service, type ServiceScope } from './service.ts';
export { type CoveredRequest, matchRequest } from './match.ts';
export { lineOf } from './request-rule.ts';
