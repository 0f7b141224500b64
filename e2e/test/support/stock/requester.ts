/**
 * A Requester built only on a third-party OAuth library. Answers of the AM and the Hosts are kept as the library
 * returned them.
 */
export interface StockRequester {
  /** The AM's metadata as it read it. RFC 8414. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Pushes the request. Returns the authorization URL. */
  start(): Promise<string>;
  /** Handles the callback: checks `state` and `iss`, and redeems the code. */
  finish(callback: URL): Promise<Tokens>;
  /** Exchanges its connection token at the AM. RFC 8693. */
  exchange(wanted: { resource: string; scope: string }): Promise<Tokens>;
  /** GET with a token and a proof of the connection's key. */
  call(token: string, url: string): Promise<{ status: number; json: unknown }>;
  /** Refreshes its connection token. */
  refresh(): Promise<Tokens>;
}

/** A successful token response. */
export type Tokens = Readonly<Record<string, unknown>> & { readonly access_token: string };

/** The environment of a client, and how it resolves `*.localhost`. */
export interface StockWorld {
  readonly am: string;
  readonly redirectUri: string;
  /** `fetch` that resolves names under localhost. */
  readonly fetch: typeof globalThis.fetch;
}

/**
 * How the AM knows a client: by the document at its client_id, or by registration. `keys: null` is a client without
 * keys.
 */
export type Identity = { readonly keys: CryptoKeyPair | null } & (
  | { readonly kind: 'document'; readonly clientId: string }
  | { readonly kind: 'dynamic' }
);

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** RFC 7591 §2: the metadata of a client, for its document or its registration. */
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

/** The `error` with which a server refused, wherever each library keeps it. */
export async function refusalOf(refused: Promise<unknown>): Promise<unknown> {
  const reason = await refused.then(
    () => ({ error: 'not refused' }),
    (thrown: { error?: unknown; errorResponse?: { error?: unknown } }) => thrown,
  );
  return 'errorResponse' in reason ? reason.errorResponse?.error : reason.error;
}
