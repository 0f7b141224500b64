import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { docker, LABEL } from './docker.ts';

/** A network of containers, and this machine's place in it. */
export interface ContainerNetwork {
  readonly name: string;
  /** This machine, as the containers see it. */
  readonly gateway: string;
  /** From now on containers that call this machine at this port reach what listens here on loopback. */
  open(port: number): Promise<void>;
  close(): Promise<void>;
}

/** Needs an engine on this very machine (Linux): its bridge is an interface of ours. */
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

function relay(near: net.Socket, port: number): void {
  const far = net.connect(port, '127.0.0.1');
  near.pipe(far).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}
