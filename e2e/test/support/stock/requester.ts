/**
 * A Requester made of nothing but somebody else's OAuth library. What the AM and the Hosts answer is kept as the
 * library returned it.
 */
export interface StockRequester {
  /** What it read at the AM. RFC 8414. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Pushes the request. Returns where the browser goes. */
  start(): Promise<string>;
  /** Takes the browser's way back: checks `state` and `iss`, redeems the code. */
  finish(callback: URL): Promise<Tokens>;
  /** RFC 8693 at the AM, with the connection token that it has. */
  exchange(wanted: { resource: string; scope: string }): Promise<Tokens>;
  /** GET with a token and a proof of the connection's key. */
  call(token: string, url: string): Promise<{ status: number; json: unknown }>;
  /** Gets itself a new connection token. */
  refresh(): Promise<Tokens>;
}

/** A good answer of a token endpoint. */
export type Tokens = Readonly<Record<string, unknown>> & { readonly access_token: string };

/** Where a client lives, and how it finds `*.localhost`. */
export interface StockWorld {
  readonly am: string;
  readonly redirectUri: string;
  /** Finds names on this machine; otherwise it is `fetch`. */
  readonly fetch: typeof globalThis.fetch;
}

/**
 * How a client makes itself known to the AM: by the document at its id, or by registering. `keys: null` is a client
 * without any.
 */
export type Identity = { readonly keys: CryptoKeyPair | null } & (
  | { readonly kind: 'document'; readonly clientId: string }
  | { readonly kind: 'dynamic' }
);

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** RFC 7591 §2: what a client says about itself, in a document or in registering. */
export async function metadataOf(redirectUri: string, keys: CryptoKeyPair | null) {
  return {
    client_name: 'Stock',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token', TOKEN_EXCHANGE],
    response_types: ['code'],
    scope: 'transfer',
    dpop_bound_access_tokens: true,
    ...(keys === null
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [await publicJwk(keys)] } }),
  };
}

async function publicJwk({ publicKey }: CryptoKeyPair): Promise<Record<string, string>> {
  const { kty = '', crv = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', publicKey);
  return { kty, crv, x, y };
}

/** The `error` with which a server refused; each library keeps it in a place of its own. */
export async function refusalOf(refused: Promise<unknown>): Promise<unknown> {
  const reason = await refused.then(
    () => ({ error: 'not refused' }),
    (thrown: { error?: unknown; errorResponse?: { error?: unknown } }) => thrown,
  );
  return 'errorResponse' in reason ? reason.errorResponse?.error : reason.error;
}
