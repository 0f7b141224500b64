export {
  type CheckDpopInput,
  type CreateDpopInput,
  checkDpopProof,
  createDpopProof,
  type DpopFault,
  type DpopResult,
} from './dpop.ts';
export { constantTimeEqual, hostTag, sha256, sha256base64url } from './hash.ts';
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
export {
  cryptoKeyPair,
  generateSigningKey,
  publicJwks,
  type SigningKey,
  type SigningKeys,
  signingKeyOf,
} from './keys.ts';
export { challengeOf, createVerifier, isChallenge, isVerifier, verifyPkce } from './pkce.ts';
export { type Random, randomId, systemRandom, timeId } from './random.ts';
export { type SuccessorInput, successorOf } from './successor.ts';
export { bucketOf, hashToken, mintToken } from './tokens.ts';
export { createVault, deriveKey, type Vault, VaultError, type VaultKey, type VaultOptions } from './vault.ts';
