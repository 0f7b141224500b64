import {
  type Answer,
  type AnswerHeaders,
  exchange,
  type ExchangeDeps,
  type ExchangeInput,
  exchangeStreamed,
} from './exchange.ts';
import { OutboundError } from './outbound-error.ts';

/** What `fetch` takes, and two limits of ours. */
export interface OutboundInit extends RequestInit {
  /** 64 KB by default. */
  readonly maxBytes?: number;
  /** From start to last byte; 5 by default. */
  readonly timeoutSeconds?: number;
}

/**
 * Fits wherever a `fetch` is wanted. A redirect comes back as it is, whatever `redirect` says (`error` makes it an
 * error); the answer is whole and within its size before the promise resolves. `Host` and what concerns the connection
 * cannot be set.
 *
 * @throws OutboundError when no whole answer came; the signal's reason when the caller aborted
 */
export type GuardedFetch = (input: string | URL | Request, init?: OutboundInit) => Promise<Response>;

export async function guardedFetch(
  deps: ExchangeDeps,
  input: string | URL | Request,
  init: OutboundInit & { timeoutSeconds: number },
): Promise<Response> {
  const { request, exchanged } = await prepare(deps, input, init);
  const answer = await exchange(deps, exchanged);
  if (request.redirect === 'error' && answer.status >= 300 && answer.status < 400) {
    throw new OutboundError('redirect', `A redirect (${answer.status}) is not followed.`);
  }
  return asResponse(exchanged.url, answer);
}

/** An answer whose body is read while it arrives. */
export interface Streamed {
  readonly status: number;
  readonly headers: Headers;
  /**
   * Read it once. Leaving the loop closes the connection; so does the deadline. Throws what {@link GuardedFetch}
   * throws.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** For who does not read the body: closes the connection. */
  cancel(): void;
}

/**
 * Like {@link GuardedFetch}, with the body in pieces as they arrive; both limits are for all of it.
 *
 * @throws OutboundError when no answer came; the signal's reason when the caller aborted
 */
export type GuardedStream = (input: string | URL | Request, init?: OutboundInit) => Promise<Streamed>;

export async function guardedStream(
  deps: ExchangeDeps,
  input: string | URL | Request,
  init: OutboundInit & { timeoutSeconds: number },
): Promise<Streamed> {
  const { exchanged } = await prepare(deps, input, init);
  const { status, headers, body, cancel } = await exchangeStreamed(deps, exchanged);
  return { status, headers: asHeaders(headers), body, cancel };
}

/** A form or a document to send. */
export interface PostInput {
  readonly url: string;
  /** 64 KB by default. */
  readonly maxBytes?: number;
  /** From start to last byte, where that is less than what every call has. */
  readonly timeoutSeconds?: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The caller's own: it may give up before time is up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A POST behind the same guard, without the objects of `fetch`: for calls that are made all the time. The answer is
 * whole and within its size; a redirect comes back as it is.
 *
 * @throws OutboundError when no whole answer came; the signal's reason when the caller aborted
 */
export type GuardedPost = (input: PostInput) => Promise<Answer>;

export async function guardedPost(
  deps: ExchangeDeps,
  { url: address, headers, body, maxBytes = 65_536, timeoutSeconds, signal }: PostInput & { timeoutSeconds: number },
): Promise<Answer> {
  if (!URL.canParse(address)) throw new OutboundError('refused', 'It is not a URL.');
  const url = new URL(address);
  url.hash = '';
  const limits = { maxBytes, timeoutSeconds, ...(signal && { signal }) };
  const sent = outgoing(Object.entries(headers));
  return exchange(deps, { url, method: 'POST', headers: sent, body: Buffer.from(body), lane: url.origin, ...limits });
}

interface Prepared {
  readonly request: Request;
  readonly exchanged: ExchangeInput;
}

async function prepare(
  { guard }: ExchangeDeps,
  input: string | URL | Request,
  { maxBytes = 65_536, timeoutSeconds, ...rest }: OutboundInit & { timeoutSeconds: number },
): Promise<Prepared> {
  const address = input instanceof Request ? input.url : String(input);
  if (!URL.canParse(address)) throw new OutboundError('refused', 'It is not a URL.');
  const url = new URL(address);
  url.hash = '';
  // judged before `Request` sees it, so that a refusal always is ours
  const verdict = guard.judge(url);
  if (verdict.kind === 'refused') throw new OutboundError('refused', verdict.detail);
  const request = new Request(input, rest);
  request.signal.throwIfAborted();
  const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
  const { method, signal } = request;
  const headers = outgoing(request.headers);
  return { request, exchanged: { url, method, headers, body, maxBytes, timeoutSeconds, signal, lane: url.origin } };
}

// RFC 9110 §7.6.1 and what undici sets itself; another `Host` would reach a server the guard never judged
const OURS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function outgoing(headers: Iterable<[string, string]>): Record<string, string> {
  const kept = [...headers].filter(([name]) => !OURS.has(name));
  return { 'user-agent': 'chatelaine', ...Object.fromEntries(kept) };
}

function asResponse(url: URL, { status, headers, body }: Answer): Response {
  if (status < 200 || status > 599) throw new OutboundError('bad_status', `The status is ${status}.`);
  const empty = status === 204 || status === 205 || status === 304;
  const response = new Response(empty ? null : Uint8Array.from(body), { status, headers: asHeaders(headers) });
  Object.defineProperty(response, 'url', { value: url.href });
  return response;
}

function asHeaders(headers: AnswerHeaders): Headers {
  const incoming = new Headers();
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values ?? []].flat()) incoming.append(name, value);
  }
  return incoming;
}
