export { allowAnyOrigin } from './any-origin.ts';
export { abortSignal, acceptJson, formOf, oauthScope, refuseOtherMethods } from './http.ts';
export type {
  Asked,
  ConsentDecision,
  ConsentOffer,
  ConsentView,
  InteractionPort,
  Owner,
  ReturnView,
} from './interaction.ts';
export { DEFAULT_MACHINE_LIMITS, limitRefusals, type MachineLimits } from './machine-routes.ts';
export { type OAuthRoutesOptions, oauthRoutes } from './oauth-routes.ts';
export { requestDeps } from './request-deps.ts';
export { leadOn, OPENID_CONFIGURATION } from './well-known.ts';
