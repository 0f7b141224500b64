import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, fetch as undiciFetch } from 'undici';

/** A `fetch` for the services of this machine, and the connections it holds. */
export interface LoopbackFetch {
  fetch: typeof globalThis.fetch;
  agent: Agent;
  close(): Promise<void>;
}

export interface LoopbackOptions {
  /** Connect here whatever port the URL names: one certain process behind a front. */
  port?: number;
  /** Our own address, `127.x.y.z`: a visitor from elsewhere, as rate limits see it. Linux only. */
  from?: string;
  /** PEM: believed instead of the public authorities. */
  ca?: string;
}

/** Resolves `*.localhost` to 127.0.0.1, which Node leaves to a system that may not know these names. */
const loopbackLookup: LookupFunction = (hostname, options, callback) => {
  if (!/(^|\.)localhost$/i.test(hostname)) return systemLookup(hostname, options, callback);
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/** A `fetch` that finds `*.localhost` on this machine. It follows redirects as `fetch` does, and keeps no cookies. */
export function createLoopbackFetch({ port, from, ca }: LoopbackOptions = {}): LoopbackFetch {
  const agent = new Agent({
    connect: {
      lookup: loopbackLookup,
      ...(port !== undefined && { port }),
      ...(from !== undefined && { localAddress: from }),
      ...(ca !== undefined && { ca }),
    },
    // a service that drains should not have to wait for us
    keepAliveTimeout: 1_000,
  });
  // undici's own types of the same things are not the ones of @types/node
  const fetch = (input: string | URL, init: object = {}) => undiciFetch(input, { ...init, dispatcher: agent });
  return { fetch: fetch as unknown as typeof globalThis.fetch, agent, close: () => agent.destroy() };
}
