import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { docker, LABEL } from './docker.ts';

/** A network of containers that can reach this machine. */
export interface ContainerNetwork {
  readonly name: string;
  /** This machine's address, as seen from the containers. */
  readonly gateway: string;
  /** Forwards containers' connections to this port of the gateway to the same port of loopback. */
  open(port: number): Promise<void>;
  close(): Promise<void>;
}

/** Works only with an engine on this machine (Linux), whose bridge is one of this machine's interfaces. */
export async function openNetwork(): Promise<ContainerNetwork> {
  const name = `chatelaine-${randomBytes(4).toString('hex')}`;
  await docker('network', 'create', '--label', LABEL, name);
  const gateway = await docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', name);
  const relays = new Map<number, net.Server>();
  return {
    name,
    gateway,
    async open(port) {
      if (relays.has(port)) return;
      const server = net.createServer((near) => relay(near, port));
      relays.set(port, server);
      await once(server.listen(port, gateway), 'listening');
    },
    async close() {
      for (const server of relays.values()) server.close();
      await docker('network', 'rm', name);
    },
  };
}

function relay(socket: net.Socket, port: number): void {
  const target = net.connect(port, '127.0.0.1');
  socket.pipe(target).pipe(socket);
  for (const [one, other] of [
    [socket, target],
    [target, socket],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}
