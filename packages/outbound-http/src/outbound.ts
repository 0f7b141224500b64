import { Agent } from 'undici';
import { createConnector } from './connector.ts';
import type { ExchangeDeps } from './exchange.ts';
import type { OutboundException } from './exceptions.ts';
import { fetchJson, type FetchJsonInput, type JsonDocument } from './fetch-json.ts';
import { createGate, type Gate } from './gate.ts';
import { createSsrfPolicy } from './ssrf-policy.ts';
import {
  type OutboundFetch,
  outboundFetch,
  type OutboundPost,
  outboundPost,
  type OutboundStream,
  outboundStream,
} from './outbound-fetch.ts';
import { createResolve, type Resolve } from './resolve.ts';

export interface OutboundOptions {
  /** The only destinations allowed in addition to `https` on port 443 at public addresses. Print them at start. */
  readonly exceptions: readonly OutboundException[];
  /**
   * Demo mode: names under `localhost` that have an exception mean 127.0.0.1. A setting of its own, independent of
   * NODE_ENV.
   */
  readonly demo: boolean;
  /** Host names of this service, to which it never sends a request. */
  readonly ownNames?: readonly string[];
  /** In seconds. By default 3 for a document, 5 for a call, and 3 for opening a connection. */
  readonly timeouts?: {
    readonly documentSeconds?: number;
    readonly callSeconds?: number;
    readonly connectSeconds?: number;
  };
  /**
   * Documents fetched at a time from one origin, 20 by default; five times as many may wait. Strangers decide which are
   * fetched, and a slow origin must not hold up the others.
   */
  readonly maxConcurrent?: number;
  /** Documents fetched at a time from all origins together, 400 by default; as many may wait. */
  readonly maxDocuments?: number;
  /**
   * Calls at a time to one origin, 32 by default; five times as many may wait. A slow origin does not hold up the
   * others.
   */
  readonly maxPerDestination?: number;
  /** PEM certificates of private authorities, trusted in addition to the public ones. Verification is always on. */
  readonly ca?: string | readonly string[];
  /** Resolves names. By default, DNS for strangers' names and the system's resolver for those with an exception. */
  readonly resolve?: Resolve;
}

export type UrlCheck = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly detail: string };

/** The HTTP client of a service: every request that it sends goes through here. */
export interface Outbound {
  /**
   * Fetches a stranger's JSON document (metadata, client document, key set), or says why there is none. Never throws.
   */
  fetchJson(input: FetchJsonInput): Promise<JsonDocument>;
  /** `fetch` under the SSRF policy. See {@link OutboundFetch}. */
  readonly fetch: OutboundFetch;
  /** A POST without the objects of `fetch`. See {@link OutboundPost}. */
  readonly post: OutboundPost;
  /** `fetch` for an answer that is read as it arrives. See {@link OutboundStream}. */
  readonly stream: OutboundStream;
  /** Whether the policy refuses a URL by its text, before anything is resolved or sent. */
  check(url: string): UrlCheck;
  /** Refuses new requests, lets those under way end within their deadlines, and closes all connections. */
  close(): Promise<void>;
}

/** In milliseconds; long enough to fetch the documents of one server one after the other. */
const DOCUMENT_KEEP_ALIVE = { keepAliveTimeout: 1_000, keepAliveMaxTimeout: 1_000 };

/** @throws TypeError when an exception is malformed */
export function createOutbound(options: OutboundOptions): Outbound {
  const { documentSeconds = 3, callSeconds = 5, connectSeconds = 3 } = options.timeouts ?? {};
  const { maxConcurrent = 20, maxDocuments = 400, maxPerDestination = 32 } = options;
  const policy = createSsrfPolicy(options);
  const agent = (keepAlive: Agent.Options): Agent =>
    new Agent({
      ...keepAlive,
      connect: createConnector({
        policy,
        resolve: options.resolve ?? createResolve({ timeoutSeconds: connectSeconds }),
        timeoutSeconds: connectSeconds,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      }),
      connections: Math.max(maxConcurrent, maxPerDestination),
      maxHeaderSize: 16_384,
      // each request has one deadline for the whole exchange
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  // two agents, because strangers name ever new origins for documents, and a server may ask to keep a connection open
  // for ten minutes
  const agents = { documents: agent(DOCUMENT_KEEP_ALIVE), calls: agent({}) };
  let closing: Promise<void> | undefined;
  const shared = { policy, isClosed: () => closing !== undefined };
  const documents: ExchangeDeps = {
    ...shared,
    dispatcher: agents.documents,
    gate: bothGates(
      createGate({ perKey: maxConcurrent, waitingPerKey: 5 * maxConcurrent }),
      createGate({ perKey: maxDocuments, waitingPerKey: maxDocuments }),
    ),
  };
  const calls: ExchangeDeps = {
    ...shared,
    dispatcher: agents.calls,
    gate: createGate({ perKey: maxPerDestination, waitingPerKey: 5 * maxPerDestination }),
  };
  return {
    fetchJson: (input) => fetchJson(documents, { timeoutSeconds: documentSeconds, ...input }),
    fetch: (input, init) => outboundFetch(calls, input, { timeoutSeconds: callSeconds, ...init }),
    post: (input) =>
      outboundPost(calls, { ...input, timeoutSeconds: Math.min(callSeconds, input.timeoutSeconds ?? callSeconds) }),
    stream: (input, init) => outboundStream(calls, input, { timeoutSeconds: callSeconds, ...init }),
    check(url) {
      if (!URL.canParse(url)) return { kind: 'refused', detail: 'It is not a URL.' };
      const verdict = policy.judge(new URL(url));
      return verdict.kind === 'allowed' ? { kind: 'allowed' } : verdict;
    },
    close: () => (closing ??= Promise.all([agents.documents.close(), agents.calls.close()]).then(() => undefined)),
  };
}

/** The origin's gate comes first: who waits there must not count at the gate for all. */
function bothGates(own: Gate, all: Gate): Gate {
  return {
    async enter(key, signal) {
      const leaveOwn = await own.enter(key, signal);
      try {
        const leaveAll = await all.enter('', signal);
        return () => {
          leaveAll();
          leaveOwn();
        };
      } catch (error) {
        leaveOwn();
        throw error;
      }
    },
  };
}
