export type { Entries, Entry } from './entries.ts';
export { type OAuth1Service, type OAuth1ServiceOptions, startOAuth1Service } from './oauth1-service.ts';
export { type OAuth2Service, type OAuth2ServiceOptions, type Quirks, startOAuth2Service } from './oauth2-service.ts';
export { definitionOf } from './definitions.ts';
