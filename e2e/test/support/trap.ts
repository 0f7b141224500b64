import { once } from 'node:events';
import net from 'node:net';

/** Something that nobody may connect to, at every address of this machine. It counts who does. */
export interface Trap {
  readonly port: number;
  readonly connections: number;
  close(): Promise<void>;
}

export async function openTrap(port: number): Promise<Trap> {
  const open = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)));
    // a client document, a Host's metadata, whatever was hoped for: so far it never comes to that
    socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
  });
  // both families where the machine has both
  server.listen(port, '::');
  await once(server, 'listening').catch(async () => once(server.listen(port, '0.0.0.0'), 'listening'));
  return {
    port,
    get connections() {
      return connections;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
