import { lookup } from 'node:dns/promises';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/**
 * The addresses at which this machine finds one of our own names, as ranges for an exception. Among containers
 * `am.localhost` is a name on their network; on one machine it is loopback, even if the system's resolver does not know
 * it.
 */
export async function ownRanges(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => []);
  const outside = found.filter(({ address }) => address !== '::1' && !address.startsWith('127.'));
  return outside.length === 0
    ? LOOPBACK
    : outside.map(({ address, family }) => `${address}/${family === 4 ? 32 : 128}`);
}
