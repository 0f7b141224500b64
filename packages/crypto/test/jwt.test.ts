import { exactClaims } from './jwt/exact-claims.ts';
import { issuerKeys } from './jwt/issuer-keys.ts';
import { malformed } from './jwt/malformed.ts';
import { signature } from './jwt/signature.ts';

signature();
issuerKeys();
exactClaims();
malformed();
