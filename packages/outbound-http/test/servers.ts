import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import type { Certificate } from '@chatelaine/test-kit';
import { createOutbound, type Outbound, type OutboundOptions, type Resolve } from '../src/index.ts';

const open: (() => Promise<unknown>)[] = [];

/** Closes everything that the tests of this file opened. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((close) => close()));
}

export interface Running {
  readonly port: number;
  /** Number of connections accepted so far. */
  readonly connections: () => number;
}

async function listen(server: Server | NetServer): Promise<Running> {
  let connections = 0;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

export const serve = (listener: RequestListener): Promise<Running> => listen(createServer(listener));

export const serveRaw = (onConnection: (socket: Socket) => void): Promise<Running> =>
  listen(createNetServer(onConnection));

export const serveTls = ({ cert, key }: Certificate, listener: RequestListener): Promise<Running> =>
  listen(createTlsServer({ cert, key }, listener));

/** Resolves names from a table, in place of DNS. */
export const names =
  (table: Readonly<Record<string, readonly string[]>>): Resolve =>
  (host) =>
    Promise.resolve((table[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

export function outboundWith(options: Partial<OutboundOptions> = {}): Outbound {
  const outbound = createOutbound({ exceptions: [], demo: false, ...options });
  open.push(() => outbound.close());
  return outbound;
}

/** An outbound that may reach 127.0.0.1 on these ports as http://server.localhost. */
export function outboundTo(ports: readonly number[], options: Partial<OutboundOptions> = {}): Outbound {
  const exceptions = ports.map((port) => ({
    host: 'server.localhost',
    port,
    scheme: 'http' as const,
    cidr: '127.0.0.1/32',
  }));
  return outboundWith({ exceptions, demo: true, ...options });
}

export const urlOf = ({ port }: Running, path = '/') => `http://server.localhost:${port}${path}`;
