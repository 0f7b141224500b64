import { Agent } from 'undici';
import { createConnector } from './connector.ts';
import type { ExchangeDeps } from './exchange.ts';
import type { OutboundException } from './exceptions.ts';
import { fetchJson, type FetchJsonInput, type JsonDocument } from './fetch-json.ts';
import { createGate, type Gate } from './gate.ts';
import { createGuard } from './guard.ts';
import {
  type GuardedFetch,
  guardedFetch,
  type GuardedPost,
  guardedPost,
  type GuardedStream,
  guardedStream,
} from './guarded-fetch.ts';
import { createResolve, type Resolve } from './resolve.ts';

export interface OutboundOptions {
  /** The only destinations allowed beside `https` on 443 at public addresses. Print them at start. */
  readonly exceptions: readonly OutboundException[];
  /** Demo mode: excepted names under `localhost` mean 127.0.0.1. A setting of its own, not NODE_ENV. */
  readonly demo: boolean;
  /** Host names this service itself answers to: never a destination. */
  readonly ownNames?: readonly string[];
  /** Seconds: whole document 3, whole call 5, opening a connection 3. */
  readonly timeouts?: {
    readonly documentSeconds?: number;
    readonly callSeconds?: number;
    readonly connectSeconds?: number;
  };
  /**
   * Documents fetched at a time from one origin, 20 by default: strangers name them, and a slow one never holds up the
   * others. Five times as many may wait.
   */
  readonly maxConcurrent?: number;
  /** Documents fetched at a time from all origins together, 400 by default; as many may wait. */
  readonly maxDocuments?: number;
  /**
   * Calls of `fetch` at a time to one origin, 32 by default: a slow one never holds up the others. Five times as many
   * may wait.
   */
  readonly maxPerDestination?: number;
  /** PEM certificates of private authorities, trusted beside the public ones. Verification itself is always on. */
  readonly ca?: string | readonly string[];
  /** Where names are looked up; by default DNS for strangers' names and the system's resolver for excepted ones. */
  readonly resolve?: Resolve;
}

export type UrlCheck = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly detail: string };

/** By which a service requests anything. */
export interface Outbound {
  /** A stranger's JSON document (metadata, client document, key set), or why there is none. Never throws. */
  fetchJson(input: FetchJsonInput): Promise<JsonDocument>;
  /** `fetch` behind the same guard, for calls. See {@link GuardedFetch}. */
  readonly fetch: GuardedFetch;
  /** A POST at the price of a POST. See {@link GuardedPost}. */
  readonly post: GuardedPost;
  /** The same for answers that are read while they arrive. See {@link GuardedStream}. */
  readonly stream: GuardedStream;
  /** Whether the guard refuses a URL by what it says, before anything is looked up or sent. */
  check(url: string): UrlCheck;
  /** Refuses new requests, lets those under way end within their own time, closes all connections. */
  close(): Promise<void>;
}

/** Long enough for the documents of one server, one after the other. In milliseconds. */
const DOCUMENT_KEEP_ALIVE = { keepAliveTimeout: 1_000, keepAliveMaxTimeout: 1_000 };

/** @throws TypeError when an exception is malformed */
export function createOutbound(options: OutboundOptions): Outbound {
  const { documentSeconds = 3, callSeconds = 5, connectSeconds = 3 } = options.timeouts ?? {};
  const { maxConcurrent = 20, maxDocuments = 400, maxPerDestination = 32 } = options;
  const guard = createGuard(options);
  const agent = (keepAlive: Agent.Options): Agent =>
    new Agent({
      ...keepAlive,
      connect: createConnector({
        guard,
        resolve: options.resolve ?? createResolve({ timeoutSeconds: connectSeconds }),
        timeoutSeconds: connectSeconds,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      }),
      connections: Math.max(maxConcurrent, maxPerDestination),
      maxHeaderSize: 16_384,
      // each request has one deadline for all of it
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  // apart, for strangers name ever new origins: a server may ask that its connection is kept for ten minutes
  const agents = { documents: agent(DOCUMENT_KEEP_ALIVE), calls: agent({}) };
  let closing: Promise<void> | undefined;
  const shared = { guard, isClosed: () => closing !== undefined };
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
    fetch: (input, init) => guardedFetch(calls, input, { timeoutSeconds: callSeconds, ...init }),
    post: (input) =>
      guardedPost(calls, { ...input, timeoutSeconds: Math.min(callSeconds, input.timeoutSeconds ?? callSeconds) }),
    stream: (input, init) => guardedStream(calls, input, { timeoutSeconds: callSeconds, ...init }),
    check(url) {
      if (!URL.canParse(url)) return { kind: 'refused', detail: 'It is not a URL.' };
      const verdict = guard.judge(new URL(url));
      return verdict.kind === 'allowed' ? { kind: 'allowed' } : verdict;
    },
    close: () => (closing ??= Promise.all([agents.documents.close(), agents.calls.close()]).then(() => undefined)),
  };
}

/** Through the origin's gate first, so that whoever waits there takes no place of all. */
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
