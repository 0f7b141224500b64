import { describe, expect, test } from '@jest/globals';
import type { McpWorld } from './other-clients.ts';

const ORIGIN = 'https://inspector.example';
/** The headers that an MCP client of 2026-07-28 in a web page sends with every request, including discovery. */
const FIELDS = 'authorization,content-type,mcp-protocol-version,mcp-method,mcp-name,mcp-session-id,last-event-id';

/** The documents that clients look up, and the identifiers that they compare byte for byte. */
export function discovery(worldOf: () => McpWorld): void {
  const read = (url: string, init: { method?: string; headers?: Record<string, string> } = {}) =>
    worldOf().demo.deployment.fetch(url, { ...init, headers: { origin: ORIGIN, ...init.headers } });

  describe('what MCP clients find', () => {
    test('is the same issuer everywhere: in the resource’s document, in both documents of the AM', async () => {
      const { demo, mcpUrl } = worldOf();
      const { origin, pathname } = new URL(mcpUrl);
      const am = demo.deployment.am.url;
      for (const place of [
        `/.well-known/oauth-protected-resource${pathname}`,
        '/.well-known/oauth-protected-resource',
      ]) {
        const document = (await (await read(`${origin}${place}`)).json()) as { authorization_servers: string[] };
        expect(document.authorization_servers[0]).toBe(am);
      }
      const documents = ['oauth-authorization-server', 'openid-configuration'].map(async (name) =>
        (await read(`${am}/.well-known/${name}`)).json(),
      );
      const [server, configuration] = (await Promise.all(documents)) as { issuer: string }[];
      expect(server?.issuer).toBe(am);
      expect(configuration).toEqual(server);
    });

    test('at every other place is a 404 that leads on, and that a page can read', async () => {
      const { demo, mcpUrl } = worldOf();
      const { origin } = new URL(mcpUrl);
      const am = demo.deployment.am.url;
      for (const [url, right] of [
        [`${origin}/.well-known/oauth-authorization-server/mcp`, `${origin}/.well-known/oauth-protected-resource/mcp`],
        [`${origin}/.well-known/openid-configuration`, `${origin}/.well-known/oauth-protected-resource/mcp`],
        [`${origin}/.well-known/openid-configuration/mcp`, `${origin}/.well-known/oauth-protected-resource/mcp`],
        [`${origin}/mcp/.well-known/openid-configuration`, `${origin}/.well-known/oauth-protected-resource/mcp`],
        [`${am}/.well-known/oauth-authorization-server/mcp`, `${am}/.well-known/oauth-authorization-server`],
        [`${am}/.well-known/openid-configuration/mcp`, `${am}/.well-known/oauth-authorization-server`],
        [`${am}/.well-known/oauth-protected-resource`, `${am}/.well-known/oauth-authorization-server`],
      ] as const) {
        const answer = await read(url);
        expect([url, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([url, 404, '*']);
        expect(answer.headers.get('link')).toBe(`<${right}>; rel="describedby"`);
      }
      for (const url of [`${am}/.well-known/nothing`, `${am}/deep/.well-known/openid-configuration`]) {
        const answer = await read(url);
        expect([url, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([url, 404, '*']);
      }
    });

    test('answers preflights with all that MCP clients send', async () => {
      const { demo, mcpUrl } = worldOf();
      const { origin } = new URL(mcpUrl);
      const am = demo.deployment.am.url;
      for (const [url, method] of [
        [mcpUrl, 'POST'],
        [mcpUrl, 'GET'],
        [mcpUrl, 'DELETE'],
        [`${origin}/.well-known/oauth-protected-resource/mcp`, 'GET'],
        [`${origin}/.well-known/openid-configuration`, 'GET'],
        [`${am}/.well-known/oauth-authorization-server`, 'GET'],
        [`${am}/.well-known/openid-configuration/mcp`, 'GET'],
        [`${am}/token`, 'POST'],
        [`${am}/register`, 'POST'],
      ] as const) {
        const answer = await read(url, {
          method: 'OPTIONS',
          headers: { 'access-control-request-method': method, 'access-control-request-headers': FIELDS },
        });
        const allowed = (name: string) => answer.headers.get(name)?.toLowerCase().split(', ') ?? [];
        expect([url, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([url, 204, '*']);
        expect(allowed('access-control-allow-headers')).toEqual(expect.arrayContaining(FIELDS.split(',')));
        expect(allowed('access-control-allow-methods')).toContain(method.toLowerCase());
      }
    });

    test('a bare GET of the resource is 401 with the way to its document and all scopes', async () => {
      const { mcpUrl } = worldOf();
      const answer = await read(mcpUrl);
      expect(answer.status).toBe(401);
      const said = answer.headers.get('www-authenticate') ?? '';
      expect(said).toMatch(/^Bearer /);
      expect(said).toContain(`resource_metadata="${new URL(mcpUrl).origin}/.well-known/oauth-protected-resource/mcp"`);
      expect(said).toContain('scope="notes.read notes.write"');
    });
  });
}
