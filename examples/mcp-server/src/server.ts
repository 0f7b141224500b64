import { chatelaineHost, type HostOptions } from '@chatelaine/host-kit';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { accounts } from './accounts.ts';
import { home } from './home.ts';
import { openNotes } from './notes.ts';
import { notesServer, SCOPES } from './tools.ts';

export interface NotesOptions extends Pick<HostOptions, 'issuer' | 'name' | 'pool' | 'demo' | 'outboundExceptions'> {
  /** Issuer of the Authorization Manager that MCP clients are sent to. */
  readonly manager: string;
  /** Name → password: who has notes here. */
  readonly passwords: Readonly<Record<string, string>>;
}

/** A person's notes as MCP tools. MCP clients find the way to the person's Authorization Manager by themselves. */
export async function notesApp({ manager, passwords, ...options }: NotesOptions): Promise<FastifyInstance> {
  // no plugin timeout: on a busy machine it would end a start that is only slow
  const app = Fastify({ logger: { level: 'warn' }, pluginTimeout: 0 });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
  const notes = await openNotes(options.pool);
  const users = accounts(app, passwords);

  // the Host: accounts link managers to it, and what calls /mcp has a token that it minted
  await app.register(chatelaineHost, {
    ...options,
    resource: `${options.issuer}/mcp`,
    managers: [{ issuer: manager }],
    scopes: SCOPES,
    // MCP clients know no DPoP: tokens for them are bound to no key, and live for two minutes
    bearer: true,
    owner(request) {
      const user = users.signedIn(request);
      return user === null ? null : { id: user, label: user };
    },
    signInUrl: (returnTo) => `/sign-in?return_to=${encodeURIComponent(returnTo)}`,
  });
  home(app, { notes, accounts: users });

  // the MCP server: stateless, one for each request, with the tools that its token is good for
  const mayRead = app.chatelaine.requireScope('notes.read', { askFor: Object.keys(SCOPES) });
  app.options('/mcp', { onRequest: anyPage }, async (_request, reply) => reply.code(204).headers(PREFLIGHT).send());
  app.post('/mcp', { onRequest: [anyPage, mayRead] }, async (request, reply) => {
    const server = notesServer(notes, request.chatelaine);
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse: true,
      // a page that has made its own name lead here (DNS rebinding) would still send that name
      enableDnsRebindingProtection: true,
      allowedHosts: [new URL(options.issuer).host],
    });
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value ?? '');
    reply.raw.once('close', () => void server.close());
    await server.connect(transport as Transport);
    await transport.handleRequest(request.raw, reply.raw, request.body);
  });
  app.route({
    method: ['GET', 'DELETE'],
    url: '/mcp',
    onRequest: [anyPage, mayRead],
    // no sessions, and nothing that we would tell unasked
    handler: async (_request, reply) => reply.code(405).header('allow', 'POST').send(),
  });
  return app;
}

/** MCP clients may run in a browser's page, of any origin: what opens /mcp is a token, never a cookie. */
async function anyPage(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.headers({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id',
  });
}

/** What clients send, sessions or not: a browser asks for each before it lets the request out. */
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers':
    'Authorization, Content-Type, Accept, DPoP, Mcp-Protocol-Version, ' +
    'Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID',
  'access-control-max-age': '7200',
};
