import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Guest } from '@chatelaine/constellation';

/** A web server that publishes client ID metadata documents, as any static host could. */
export interface ClientDocuments {
  /** Publishes a document with its URL as `client_id`, and returns that URL. */
  publish(name: string, metadata: Readonly<Record<string, unknown>>): string;
  close(): Promise<void>;
}

export async function serveClientDocuments(guest: Guest): Promise<ClientDocuments> {
  const documents = new Map<string, object>();
  const answer: http.RequestListener = (request, response) => {
    const document = documents.get(request.url ?? '');
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  };
  const server = guest.tls === null ? http.createServer(answer) : https.createServer(guest.tls, answer);
  server.listen(guest.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    publish(name, metadata) {
      const clientId = `${guest.url}/${name}`;
      documents.set(`/${name}`, { ...metadata, client_id: clientId });
      return clientId;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
