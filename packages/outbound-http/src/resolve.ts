import { lookup, Resolver } from 'node:dns/promises';
import type { Resolution } from './ssrf-policy.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Resolves a name to all its addresses. `resolution` says whether it is a stranger's name or one with an exception. */
export type Resolve = (host: string, resolution: Resolution) => Promise<readonly ResolvedAddress[]>;

/**
 * Strangers' names are resolved by DNS directly. The operating system's resolver would read local files, append search
 * domains and occupy one of the few worker threads, which signatures need too, for as long as a stranger's name server
 * likes. Names with an exception use the system's resolver.
 */
export function createResolve({ timeoutSeconds }: { timeoutSeconds: number }): Resolve {
  return async (host, resolution) => {
    if (resolution === 'loopback') return [{ address: '127.0.0.1', family: 4 }];
    if (resolution === 'system')
      return (await lookup(host, { all: true })).map(({ address, family }) => entry(address, family));
    const resolver = new Resolver({ timeout: (timeoutSeconds * 1000) / 2, tries: 2 });
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
    return [
      ...(v4.status === 'fulfilled' ? v4.value.map((address) => entry(address, 4)) : []),
      ...(v6.status === 'fulfilled' ? v6.value.map((address) => entry(address, 6)) : []),
    ];
  };
}

function entry(address: string, family: number): ResolvedAddress {
  return { address, family: family === 6 ? 6 : 4 };
}
