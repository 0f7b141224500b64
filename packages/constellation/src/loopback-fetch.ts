import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, fetch as undiciFetch } from 'undici';

/** A `fetch` for services on this machine, with its connections. */
export interface LoopbackFetch {
  fetch: typeof globalThis.fetch;
  agent: Agent;
  close(): Promise<void>;
}

export interface LoopbackOptions {
  /** Connects to this port instead of the URL's: that of one process behind a proxy. */
  port?: number;
  /** The client's IP address, `127.x.y.z`, by which rate limits tell it from others. Linux only. */
  from?: string;
  /** PEM: trusted instead of the public certificate authorities. */
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
    // a service that drains should not have to wait for these connections
    keepAliveTimeout: 1_000,
  });
  // undici's own types differ from those of @types/node
  const fetch = (input: string | URL, init: object = {}) => undiciFetch(input, { ...init, dispatcher: agent });
  return { fetch: fetch as unknown as typeof globalThis.fetch, agent, close: () => agent.destroy() };
}
