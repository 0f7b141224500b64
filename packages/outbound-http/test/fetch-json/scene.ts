import type { RequestListener } from 'node:http';
import { afterEach } from '@jest/globals';
import { closeAll, outboundTo, type Running, urlOf } from '../servers.ts';

export const CANARY = 'canary-7f3a';

export const json = (body: string | Uint8Array, headers: Record<string, string> = {}): RequestListener => {
  return (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
};

export const get = (server: Running, options: { timeoutSeconds?: number; maxBytes?: number; accept?: string } = {}) =>
  outboundTo([server.port]).fetchJson({ url: urlOf(server, '/.well-known/x'), ...options });

export function scene(): void {
  afterEach(closeAll);
}
