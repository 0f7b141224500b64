import { once } from 'node:events';
import net from 'node:net';

/** A server that must never be connected to, on every address of this machine. It counts connections. */
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
    // answers whoever connects, whatever they hoped to read; so far nobody has
    socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
  });
  // IPv4 and IPv6 where the machine has both
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
