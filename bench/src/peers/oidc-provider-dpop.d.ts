// What oidc-provider's own grants use for DPoP; its types leave it out.

declare module 'oidc-provider/lib/helpers/validate_dpop.js' {
  import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

  interface Proof {
    /** RFC 7638. */
    readonly thumbprint: string;
    readonly jti: string;
  }

  /** The request's proof, checked; undefined if there is none. Throws `invalid_dpop_proof`. */
  export default function validateDpop(provider: Provider, ctx: KoaContextWithOIDC): Promise<Proof | undefined>;

  /** Remembers the `jti` of the proof. Throws if it was used before. */
  export function checkDpopReplay(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    proof: Proof,
    clientId: string,
  ): Promise<void>;
}
