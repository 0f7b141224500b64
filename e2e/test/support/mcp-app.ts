import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

export interface McpAppOptions {
  readonly name: string;
  readonly redirectUri: string;
  /** `fetch` that resolves names under localhost. */
  readonly fetch: typeof globalThis.fetch;
  /** The https URL of its client ID metadata document; without one it registers. */
  readonly documentUrl?: string;
}

/**
 * A program that uses MCP servers through the official SDK. All OAuth is the SDK's: the code here only stores things
 * and opens the browser.
 */
export interface McpApp {
  /** Connects; when the owner is needed, `browse` opens the address and returns the URL of the redirect back. */
  connect(mcpUrl: string, browse: (address: URL) => Promise<URL>): Promise<Client>;
  /** What it stores for an MCP server. */
  kept(mcpUrl: string): Kept;
  close(): Promise<void>;
}

export interface Kept {
  client?: OAuthClientInformationMixed;
  tokens?: OAuthTokens;
  verifier?: string;
  /** The addresses at which the SDK opened the browser, in order. */
  readonly opened: URL[];
}

/** RFC 7591 §2, as such programs usually register. */
export function clientMetadata({ name, redirectUri }: Pick<McpAppOptions, 'name' | 'redirectUri'>) {
  return {
    client_name: name,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}

export function createMcpApp(options: McpAppOptions): McpApp {
  const store = new Map<string, Kept>();
  const clients: Client[] = [];
  const kept = (mcpUrl: string): Kept => {
    const known = store.get(mcpUrl) ?? { opened: [] };
    store.set(mcpUrl, known);
    return known;
  };
  const open = (mcpUrl: string) => {
    const client = new Client({ name: options.name, version: '1.0.0' });
    clients.push(client);
    const authProvider = provider(options, kept(mcpUrl));
    const fetch = withGlobalResponses(options.fetch);
    return { client, transport: new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider, fetch }) };
  };
  return {
    kept,
    async connect(mcpUrl, browse) {
      const first = open(mcpUrl);
      try {
        await first.client.connect(first.transport as Transport);
        return first.client;
      } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error;
      }
      const back = await browse(kept(mcpUrl).opened.at(-1) as URL);
      await first.transport.finishAuth(back.searchParams.get('code') ?? '');
      const second = open(mcpUrl);
      await second.client.connect(second.transport as Transport);
      return second.client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

function provider(options: McpAppOptions, kept: Kept): OAuthClientProvider {
  return {
    redirectUrl: options.redirectUri,
    clientMetadata: clientMetadata(options),
    ...(options.documentUrl !== undefined && { clientMetadataUrl: options.documentUrl }),
    clientInformation: () => kept.client,
    saveClientInformation(client) {
      kept.client = client;
    },
    tokens: () => kept.tokens,
    saveTokens(tokens) {
      kept.tokens = tokens;
    },
    redirectToAuthorization(address) {
      kept.opened.push(address);
    },
    saveCodeVerifier(verifier) {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier ?? '',
    invalidateCredentials(scope) {
      if (scope === 'all' || scope === 'client') delete kept.client;
      if (scope === 'all' || scope === 'tokens') delete kept.tokens;
    },
  };
}

/** The SDK checks `instanceof Response`, which responses of another copy of undici fail. */
function withGlobalResponses(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const { status, headers, ...answer } = await fetch(input, init).then(async (it) => ({
      status: it.status,
      headers: [...it.headers],
      body: await it.arrayBuffer(),
    }));
    return new Response(answer.body.byteLength === 0 ? null : answer.body, { status, headers });
  };
}
