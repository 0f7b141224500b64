import { execFile } from 'node:child_process';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/**
 * `@modelcontextprotocol/conformance`, which does not support OAuth, behind a proxy that adds a token and changes
 * nothing else.
 */
export interface Conformance {
  /**
   * Runs its whole suite for servers against a list of expected failures; an entry that passes nevertheless is a
   * failure, too.
   */
  run(baseline: string): Promise<{ passed: boolean; said: string }>;
  close(): Promise<void>;
}

const PROGRAM = path.join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');

export async function openConformance(mcpUrl: string, token: () => string): Promise<Conformance> {
  const target = new URL(mcpUrl);
  const server = http.createServer((request, response) => {
    const own = `localhost:${(server.address() as AddressInfo).port}`;
    const headers = { ...request.headers, authorization: `Bearer ${token()}` };
    // a request with another Host header is meant to test the server's check of it
    if (headers.host === own) headers.host = target.host;
    const options = { host: '127.0.0.1', port: target.port, method: request.method, path: request.url, headers };
    const passed = http.request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}${target.pathname}`;
  return {
    run: (baseline) =>
      new Promise((resolve) => {
        const args = [PROGRAM, 'server', '--url', url, '--expected-failures', baseline];
        execFile(process.execPath, args, { maxBuffer: 16 << 20 }, (error, out, err) =>
          resolve({ passed: error === null, said: `${out}${err}` }),
        );
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
