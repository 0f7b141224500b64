import {
  type Answer,
  type AnswerHeaders,
  exchange,
  type ExchangeDeps,
  type ExchangeInput,
  exchangeStreamed,
} from './exchange.ts';
import { OutboundError } from './outbound-error.ts';

/** The options of `fetch`, with two limits. */
export interface OutboundInit extends RequestInit {
  /** In bytes; 64 KB by default. */
  readonly maxBytes?: number;
  /** Seconds from start to the last byte; 5 by default. */
  readonly timeoutSeconds?: number;
}

/**
 * Can be used wherever a `fetch` is expected. A redirect is returned as the answer, whatever `redirect` says (with
 * `error` it is an error). The promise resolves once the whole answer is there, within its size limit. `Host` and the
 * headers of the connection cannot be set.
 *
 * @throws OutboundError when there is no whole answer, or the reason of the caller's signal
 */
export type OutboundFetch = (input: string | URL | Request, init?: OutboundInit) => Promise<Response>;

export async function outboundFetch(
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

/** An answer whose body is read as it arrives. */
export interface Streamed {
  readonly status: number;
  readonly headers: Headers;
  /**
   * Can be read once. Leaving the loop closes the connection; so does the deadline. Throws as {@link OutboundFetch}
   * does.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection; for callers that do not read the body. */
  cancel(): void;
}

/**
 * Like {@link OutboundFetch}, with the body in chunks as they arrive. Both limits are for the whole answer.
 *
 * @throws OutboundError when there is no answer, or the reason of the caller's signal
 */
export type OutboundStream = (input: string | URL | Request, init?: OutboundInit) => Promise<Streamed>;

export async function outboundStream(
  deps: ExchangeDeps,
  input: string | URL | Request,
  init: OutboundInit & { timeoutSeconds: number },
): Promise<Streamed> {
  const { exchanged } = await prepare(deps, input, init);
  const { status, headers, body, cancel } = await exchangeStreamed(deps, exchanged);
  return { status, headers: asHeaders(headers), body, cancel };
}

/** A form or a document to POST. */
export interface PostInput {
  readonly url: string;
  /** In bytes; 64 KB by default. */
  readonly maxBytes?: number;
  /** Seconds from start to the last byte, if fewer than every call is given. */
  readonly timeoutSeconds?: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The caller's own, with which it may give up earlier. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A POST under the same policy without the objects of `fetch`, for calls on a hot path. The promise resolves once the
 * whole answer is there, within its size limit; a redirect is returned as the answer.
 *
 * @throws OutboundError when there is no whole answer, or the reason of the caller's signal
 */
export type OutboundPost = (input: PostInput) => Promise<Answer>;

export async function outboundPost(
  deps: ExchangeDeps,
  { url: address, headers, body, maxBytes = 65_536, timeoutSeconds, signal }: PostInput & { timeoutSeconds: number },
): Promise<Answer> {
  const url = URL.parse(address);
  if (url === null) throw new OutboundError('refused', 'It is not a URL.');
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
  { policy }: ExchangeDeps,
  input: string | URL | Request,
  { maxBytes = 65_536, timeoutSeconds, ...rest }: OutboundInit & { timeoutSeconds: number },
): Promise<Prepared> {
  const address = input instanceof Request ? input.url : String(input);
  if (!URL.canParse(address)) throw new OutboundError('refused', 'It is not a URL.');
  const url = new URL(address);
  url.hash = '';
  // judged before `Request` parses it, so that a refusal is always an OutboundError
  const verdict = policy.judge(url);
  if (verdict.kind === 'refused') throw new OutboundError('refused', verdict.detail);
  const request = new Request(input, rest);
  request.signal.throwIfAborted();
  const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
  const { method, signal } = request;
  const headers = outgoing(request.headers);
  return { request, exchanged: { url, method, headers, body, maxBytes, timeoutSeconds, signal, lane: url.origin } };
}

// headers of the connection (RFC 9110 §7.6.1) and those that undici sets; another `Host` would reach a server that was
// not judged
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
