export * from './canonical-json.ts';
export { systemClock } from './clock.ts';
export * from './dpop.ts';
export * from './hash.ts';
export {
  ACCEPTED_ALGS,
  type AcceptedAlg,
  type Jwks,
  type JwkResult,
  type JwksResult,
  type PrivateJwk,
  type PublicJwk,
  type SigningAlg,
  thumbprint,
  validateJwks,
  validatePublicJwk,
} from './jwk.ts';
export {
  type JwtClaims,
  type JwtFault,
  type JwtResult,
  type ShortJwtInput,
  type SignJwtInput,
  signJwt,
  signShortJwt,
  unverifiedClaims,
  unverifiedIssuer,
  type VerifyJwtInput,
  verifyJwt,
} from './jwt.ts';
export * from './keys.ts';
export * from './mac.ts';
export * from './pkce.ts';
export * from './random.ts';
export * from './successor.ts';
export * from './terms-record.ts';
export * from './tokens.ts';
export * from './vault.ts';
