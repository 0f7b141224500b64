import { freePorts } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { approve } from '../support/approve.ts';
import { createMcpApp2, type McpApp2 } from '../support/mcp-app-2.ts';
import { createMcpRemote, type McpRemote } from '../support/mcp-remote.ts';
import type { McpDemo } from '../../../scripts/example-mcp/demo.ts';

export interface McpWorld {
  readonly demo: McpDemo;
  readonly redirectUri: string;
  /** The first MCP server, at an address that every client accepts. */
  readonly mcpUrl: string;
}

const SCOPES = ['notes.read', 'notes.write'];
const TOOLS = ['list_notes', 'read_note', 'write_note'];

/**
 * Third-party clients, unchanged and without our code in between: they resolve names themselves, and accept http only
 * for loopback addresses.
 */
export function otherClients(worldOf: () => McpWorld): void {
  describe.each<['no' | 'yes', string, RegExp]>([
    ['no', 'Bearer', /^bearer$/i],
    ['yes', 'DPoP', /^dpop$/i],
  ])('the second SDK’s client (DPoP: %s)', (dpop, name, tokenType) => {
    let app: McpApp2;
    beforeAll(() => {
      app = createMcpApp2({ name: `Clerk with ${name}`, redirectUri: worldOf().redirectUri, dpop });
    });
    afterAll(() => app.close());

    test('connects once its person agreed, and has the tools', async () => {
      const { demo, mcpUrl } = worldOf();
      const client = await app.connect(mcpUrl, (address) => approve(demo.person, address, SCOPES));
      expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(TOOLS);
      expect(app.kept.tokens).toMatchObject({
        token_type: expect.stringMatching(tokenType),
        issuer: demo.deployment.am.url,
      });
      expect(app.kept.opened).toHaveLength(1);
    });

    test('gets a new token without anybody when its own is good no longer', async () => {
      const { mcpUrl } = worldOf();
      const { tokens } = app.kept;
      if (tokens !== undefined) app.kept.tokens = { ...tokens, access_token: 'gone' };
      const client = await app.connect(mcpUrl, () => Promise.reject(new Error('the person was asked')));
      expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(TOOLS);
      expect(app.kept.tokens?.access_token).toMatch(/^cha_at_/);
      expect(app.kept.opened).toHaveLength(1);
    });
  });

  describe('mcp-remote', () => {
    let remote: McpRemote;
    beforeAll(async () => {
      const [callbackPort = 0] = await freePorts(1);
      remote = createMcpRemote({ callbackPort });
    });
    afterAll(() => remote.close());

    test('connects once its person agreed, as the README of the example says', async () => {
      const { demo, mcpUrl } = worldOf();
      const client = await remote.connect(mcpUrl, async (address) => {
        await approve(demo.person, new URL(address), SCOPES);
      });
      expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(TOOLS);
      await client.close();
    });

    test('goes on at its next start, without a browser, also when its token is good no longer', async () => {
      const { mcpUrl } = worldOf();
      const never = () => Promise.reject(new Error('the person was asked'));
      for (const prepare of [() => undefined, () => remote.loseAccessToken()]) {
        prepare();
        const client = await remote.connect(mcpUrl, never);
        expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(TOOLS);
        await client.close();
      }
      expect([...remote.files().values()].join()).not.toContain('"gone"');
    });
  });
}
