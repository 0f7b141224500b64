import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A test's server on loopback. */
export interface Running {
  readonly port: number;
  /** Stops it, and closes all its connections. */
  close(): Promise<void>;
}

/** @param port 0: any free port */
export async function serve(listener: http.RequestListener, port = 0): Promise<Running> {
  const server = http.createServer(listener).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A request's body. */
export async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A web server with public documents: client documents, key sets. */
export interface Documents extends Running {
  readonly origin: string;
  publish(path: string, document: unknown): void;
}

/** @param name its host name is `<name>.localhost` */
export async function serveDocuments(name: string, port = 0): Promise<Documents> {
  const documents = new Map<string, unknown>();
  const running = await serve((request, response) => {
    const found = documents.get(request.url ?? '');
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? {}));
  }, port);
  return {
    ...running,
    origin: `http://${name}.localhost:${running.port}`,
    publish: (path, document) => void documents.set(path, document),
  };
}
