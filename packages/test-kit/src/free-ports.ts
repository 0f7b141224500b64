import { once } from 'node:events';
import net from 'node:net';

// below the ephemeral ports (from 32768 on Linux): one of those could be given to another connection before it is used
const LOWEST = 10_240;
const HIGHEST = 32_767;
const RANGE = HIGHEST - LOWEST + 1;
const APART = 97;

// processes that choose at the same moment begin at different ports
let next = (process.pid * APART) % RANGE;

/**
 * Different ports of 127.0.0.1 on which nothing listens. As long as this process lives, no call of this function
 * returns them again, in any process: an issuer contains its port, so a port is often known long before anything
 * listens there.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > RANGE) throw new Error(`There are no ${count} free ports.`);
    const port = LOWEST + next;
    next = (next + 1) % RANGE;
    // claimed before it is tried, so that nobody is disturbed at a port that they have chosen
    if ((await claim(port)) && !(await isTaken(port))) ports.push(port);
  }
  return ports;
}

/** A single one of {@link freePorts}. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Those of the given ports that are in use on this machine. */
export async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const taken = await Promise.all(ports.map(async (port) => ((await isTaken(port)) ? [port] : [])));
  return taken.flat();
}

/**
 * Claims a port by a name that only one process of this machine can have, until it ends. Such names exist only on
 * Linux; elsewhere nothing is claimed.
 */
async function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const server = net.createServer().unref();
  return listens(server.listen(`\0chatelaine-port-${port}`));
}

async function isTaken(port: number): Promise<boolean> {
  const server = net.createServer();
  if (!(await listens(server.listen(port, '127.0.0.1')))) return true;
  await once(server.close(), 'close');
  return false;
}

async function listens(server: net.Server): Promise<boolean> {
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}
