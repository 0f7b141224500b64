import { once } from 'node:events';
import net from 'node:net';

// below the ports that systems give to outgoing connections, and to whoever asks for any (from 32768 on Linux): one of
// those could take a chosen port
// before it is used
const LOWEST = 10_240;
const HIGHEST = 32_767;
const RANGE = HIGHEST - LOWEST + 1;
const APART = 97;

// processes that choose at the same moment begin at different places
let next = (process.pid * APART) % RANGE;

/**
 * As many ports of 127.0.0.1 that nothing listens on, all different. Whoever chooses in this way, in whichever process,
 * chooses others as long as this process lives: an issuer contains its port, so that a port is often known long before
 * anything listens there.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > RANGE) throw new Error(`There are no ${count} free ports.`);
    const port = LOWEST + next;
    next = (next + 1) % RANGE;
    // claimed first: nobody is disturbed at a port of their own by our looking
    if ((await claim(port)) && !(await isTaken(port))) ports.push(port);
  }
  return ports;
}

/** One of {@link freePorts}. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Those of the given ports that something else has on this machine. */
export async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const taken = await Promise.all(ports.map(async (port) => ((await isTaken(port)) ? [port] : [])));
  return taken.flat();
}

/**
 * A name that one process of this machine can have at a time, until it ends. Elsewhere than on Linux there are no such
 * names, and luck has to do.
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
