import {
  Client,
  DpopSession,
  type OAuthClientProvider,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { clientMetadata } from './mcp-app.ts';

export interface McpApp2Options {
  readonly name: string;
  readonly redirectUri: string;
  /** Whether it uses DPoP. */
  readonly dpop: 'yes' | 'no';
}

/**
 * A program built on version 2 of the SDK, which has its own fetch and its own rules about http, and validates the
 * whole callback.
 */
export interface McpApp2 {
  connect(mcpUrl: string, browse: (address: URL) => Promise<URL>): Promise<Client>;
  readonly kept: {
    client?: StoredOAuthClientInformation;
    tokens?: StoredOAuthTokens;
    verifier?: string;
    opened: URL[];
  };
  close(): Promise<void>;
}

export function createMcpApp2(options: McpApp2Options): McpApp2 {
  const kept: McpApp2['kept'] = { opened: [] };
  const clients: Client[] = [];
  const session = options.dpop === 'yes' ? DpopSession.create() : null;
  const authProvider: OAuthClientProvider = {
    redirectUrl: options.redirectUri,
    clientMetadata: clientMetadata(options),
    state: () => 'a-state',
    clientInformation: () => kept.client,
    saveClientInformation(client) {
      kept.client = client;
    },
    tokens: () => kept.tokens,
    saveTokens(tokens) {
      kept.tokens = tokens;
    },
    redirectToAuthorization: (address) => void kept.opened.push(address),
    saveCodeVerifier(verifier) {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier ?? '',
    ...(session !== null && { dpop: () => session }),
  };
  const open = (mcpUrl: string) => {
    const client = new Client({ name: options.name, version: '1.0.0' });
    clients.push(client);
    return { client, transport: new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider }) };
  };
  return {
    kept,
    async connect(mcpUrl, browse) {
      const first = open(mcpUrl);
      const connected = await first.client.connect(first.transport).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof UnauthorizedError)) throw error;
          return false;
        },
      );
      if (connected) return first.client;
      const back = await browse(kept.opened.at(-1) as URL);
      await first.transport.finishAuth(back.searchParams);
      const second = open(mcpUrl);
      await second.client.connect(second.transport);
      return second.client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
