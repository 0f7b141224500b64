import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Where a stand-in listens. */
export interface ListenOptions {
  /** By default any free port. */
  readonly port?: number;
  /** By default loopback. */
  readonly address?: string;
}

export async function listen(
  handler: http.RequestListener,
  { port = 0, address = '127.0.0.1' }: ListenOptions,
): Promise<Listening> {
  const server = http
    .createServer((request, response) => {
      if (request.url === '/readyz') response.end();
      else handler(request, response);
    })
    .listen(port, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export async function textOf(request: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

export function sendJson(response: http.ServerResponse, status: number, json: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
}

/** A plain page with one form, on which people choose whose account to sign in to. */
export function sendAgreePage(
  response: http.ServerResponse,
  input: { title: string; accounts: readonly string[]; hidden: Readonly<Record<string, string>> },
): void {
  const { title, accounts, hidden } = input;
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  );
  const options = accounts.map((account) => `<option>${escape(account)}</option>`);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(
    `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;padding:0
  1rem}select,button{font:inherit;padding:.4rem .8rem}</style>
<h1>${escape(title)}</h1><p>Let the bridge read and write what you keep here?</p>
<form method="post" action="/agree">${fields.join('')}
<p><label>Sign in as <select name="account">${options.join('')}</select></label></p>
<p><button name="answer" value="yes">Allow</button> <button name="answer" value="no">Refuse</button></p></form></html>`,
  );
}

const escape = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
