import { once } from 'node:events';
import net from 'node:net';

// below the ports that systems give to outgoing connections (from 32768 on Linux): one of those could take a chosen port before it is used
const LOWEST = 10_240;
const HIGHEST = 32_767;
const RANGE = HIGHEST - LOWEST + 1;
const APART = 97;

// processes that choose at the same moment begin at different places
let next = (process.pid * APART) % RANGE;

/** As many ports of 127.0.0.1 that nothing listens on, all different. Whoever wants one should take it soon. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > RANGE) throw new Error(`There are no ${count} free ports.`);
    const port = LOWEST + next;
    next = (next + 1) % RANGE;
    if (!(await isTaken(port))) ports.push(port);
  }
  return ports;
}

/** Those of the given ports that something else has on this machine. */
export async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const taken = await Promise.all(ports.map(async (port) => ((await isTaken(port)) ? [port] : [])));
  return taken.flat();
}

async function isTaken(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return true;
    throw error;
  }
  await once(server.close(), 'close');
  return false;
}
