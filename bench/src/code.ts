/** A consented authorization code, as a browser would have brought it to the client. */
export interface Code {
  readonly code: string;
  readonly verifier: string;
}

/** The input of a server that makes codes directly, without a browser, and outside of what is measured. */
export interface CodesInput {
  readonly count: number;
  readonly clientId: string;
  /** Thumbprint of the client's DPoP key. */
  readonly jkt: string;
}

export const REDIRECT_URI = 'https://requester.example/callback';
export const SCOPE = 'transfer';
/** The lifetime of these codes, longer than in production: they are made before the blocks that use them. */
export const CODE_SECONDS = 600;
/** Connections to Postgres of each server. */
export const POOL_SIZE = 10;
