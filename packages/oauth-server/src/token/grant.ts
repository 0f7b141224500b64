import type { FormParams } from '@chatelaine/protocol';
import type { Client } from '../client/client.ts';
import type { FetchDocument } from '../deps.ts';
import type { Guards } from './guards.ts';

/** What the token endpoint knows when a grant takes over: the client is authenticated, the DPoP proof is good. */
export interface TokenContext {
  readonly client: Client;
  readonly params: FormParams;
  /** Thumbprint of the key that signed this request's DPoP proof; null without a proof. */
  readonly jkt: string | null;
  readonly guards: Guards;
  /** Fetches what this request makes us read; counted against its source. */
  readonly fetchDocument: FetchDocument;
  /** Aborts when the caller disconnects. */
  readonly signal: AbortSignal;
}

/** One grant type of the token endpoint. `handle` returns the JSON answer or throws an OAuthError. */
export interface Grant {
  readonly grantType: string;
  readonly handle: (context: TokenContext) => Promise<Readonly<Record<string, unknown>>>;
}
