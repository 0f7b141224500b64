import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { patience } from '@chatelaine/test-kit';

/** `mcp-remote` as a desktop client starts it: a separate program from the npm registry, unchanged. */
export interface McpRemote {
  /** Starts it and waits until it is connected; `browse` stands in for the browser that it opens. */
  connect(mcpUrl: string, browse: (address: string) => Promise<void>): Promise<Client>;
  /** The files that it stores, by name. */
  files(): Map<string, string>;
  /** Replaces the access token that it stores by an invalid one. */
  loseAccessToken(): void;
  close(): Promise<void>;
}

const PROGRAM = path.join(import.meta.dirname, '../../node_modules/mcp-remote/dist/proxy.js');

export function createMcpRemote({ callbackPort }: { callbackPort: number }): McpRemote {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mcp-remote-'));
  const clients: Client[] = [];
  const filesIn = () =>
    fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  return {
    async connect(mcpUrl, browse) {
      const client = new Client({ name: 'desktop', version: '1.0.0' });
      clients.push(client);
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [PROGRAM, mcpUrl, String(callbackPort)],
        // no PATH on which it would find a browser of this machine
        env: { PATH: path.dirname(process.execPath), HOME: folder, MCP_REMOTE_CONFIG_DIR: folder },
        stderr: 'pipe',
      });
      let said = '';
      const asked = new Promise<void>((resolve, reject) => {
        transport.stderr?.on('data', (chunk: Buffer) => {
          const before = addressIn(said);
          said += chunk.toString();
          const address = addressIn(said);
          if (address !== null && before === null) browse(address).then(resolve, reject);
        });
      });
      try {
        await Promise.race([
          client.connect(transport, { timeout: patience(150) }),
          asked.then(() => new Promise(() => undefined)),
        ]);
      } catch (error) {
        throw new Error(`mcp-remote did not connect.\n${said}`, { cause: error });
      }
      return client;
    },
    files: () => new Map(filesIn().map((file) => [path.basename(file), fs.readFileSync(file, 'utf8')])),
    loseAccessToken() {
      for (const file of filesIn().filter((name) => name.endsWith('tokens.json'))) {
        const text = fs.readFileSync(file, 'utf8');
        fs.writeFileSync(file, text.replace(/"access_token": *"[^"]+"/, '"access_token": "gone"'));
      }
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

const addressIn = (said: string): string | null => /visiting:\s+(https?:\S+)\s/.exec(said)?.[1] ?? null;
