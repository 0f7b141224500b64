import { type Dispatcher, request } from 'undici';
import { startDeadline } from './deadline.ts';
import type { Gate } from './gate.ts';
import type { SsrfPolicy } from './ssrf-policy.ts';
import { asOutboundError, closed, OutboundError } from './outbound-error.ts';

export interface ExchangeDeps {
  readonly policy: SsrfPolicy;
  readonly gate: Gate;
  readonly dispatcher: Dispatcher;
  readonly isClosed: () => boolean;
}

export interface ExchangeInput {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  readonly maxBytes: number;
  /** Seconds from now to the last byte of the answer, including the wait at the gate. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  /** The key at the gate: requests of one lane share its concurrency limit. */
  readonly lane: string;
  /** Checks status and headers before the body is read; throws to refuse the answer. */
  readonly inspect?: (status: number, headers: AnswerHeaders) => void;
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Uint8Array;
}

/**
 * Sends one request and reads the whole answer, within one deadline and one size limit. Redirects are not followed and
 * nothing is decompressed.
 *
 * @throws OutboundError for every failure, or the reason of the caller's signal
 */
export async function exchange(deps: ExchangeDeps, input: ExchangeInput): Promise<Answer> {
  const begun = begin(deps, input);
  try {
    const leave = await deps.gate.enter(input.lane, begun.signal);
    try {
      return await sendWhole(deps.dispatcher, input, begun.signal);
    } finally {
      leave();
    }
  } catch (error) {
    throw begun.fault(error);
  } finally {
    begun.end();
  }
}

export interface StreamedAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /**
   * The body in chunks as they arrive. Leaving the loop closes the connection; so does the deadline, whether or not the
   * body is being read. Throws as {@link exchange} does.
   */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  /** Closes the connection; for callers that do not read the body. */
  readonly cancel: () => void;
}

/**
 * Sends one request and returns its answer in chunks, with one deadline and one size limit for the whole. The request
 * counts at the gate until the last chunk.
 *
 * @throws OutboundError for every failure, or the reason of the caller's signal
 */
export async function exchangeStreamed(deps: ExchangeDeps, input: ExchangeInput): Promise<StreamedAnswer> {
  const begun = begin(deps, input);
  try {
    const leave = await deps.gate.enter(input.lane, begun.signal);
    try {
      const { statusCode: status, headers, body } = await sendHead(deps.dispatcher, input, begun.signal);
      body.once('close', leave).once('close', begun.end);
      return { status, headers, body: piecesOf(body, input, begun), cancel: () => void body.destroy() };
    } catch (error) {
      leave();
      throw error;
    }
  } catch (error) {
    begun.end();
    throw begun.fault(error);
  }
}

async function* piecesOf(
  body: Dispatcher.ResponseData['body'],
  { maxBytes }: ExchangeInput,
  begun: Begun,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* limited(body, maxBytes);
  } catch (error) {
    throw begun.fault(error);
  } finally {
    body.destroy();
  }
}

interface Begun {
  /** Aborted at the deadline or by the caller's own signal. */
  readonly signal: AbortSignal;
  /**
   * What to throw for an error: the reason of the signal if that was aborted, else the error as an
   * {@link OutboundError}.
   */
  readonly fault: (error: unknown) => unknown;
  /** Stops the timer and the listener. */
  readonly end: () => void;
}

function begin(deps: ExchangeDeps, { url, timeoutSeconds, signal: own }: ExchangeInput): Begun {
  if (deps.isClosed()) throw closed();
  const verdict = deps.policy.judge(url);
  if (verdict.kind === 'refused') throw new OutboundError('refused', verdict.detail);
  const late = (): Error => new OutboundError('timeout', `No whole answer within ${timeoutSeconds} s.`);
  const { signal, end } = startDeadline(timeoutSeconds, own, late);
  return { signal, fault: (error) => (signal.aborted ? signal.reason : asOutboundError(error)), end };
}

/** Reads the body without a stream. Most calls are short ones like this, and the stream was most of their cost. */
function sendWhole(dispatcher: Dispatcher, input: ExchangeInput, signal: AbortSignal): Promise<Answer> {
  const { url, maxBytes } = input;
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    let head: Pick<Answer, 'status' | 'headers'> = { status: 0, headers: {} };
    let stop = (_reason: Error): void => {};
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', abort);
      reject(error);
      stop(asOutboundError(error));
    };
    // undici itself reacts to a signal only once it has a connection
    const abort = (): void => fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    dispatcher.dispatch(
      { ...requestOf(input), origin: url.origin, path: `${url.pathname}${url.search}` },
      {
        onRequestStart(controller) {
          stop = (reason) => controller.abort(reason);
          if (signal.aborted) stop(asOutboundError(signal.reason));
        },
        // what these callbacks throw ends the request, and comes back through onResponseError
        onResponseStart(_controller, status, headers) {
          if (status < 200) return;
          head = { status, headers };
          lookAtHead(input, head);
          if (Number(headers['content-length']) > maxBytes) throw tooLarge(maxBytes);
        },
        onResponseData(_controller, chunk) {
          size += chunk.length;
          if (size > maxBytes) throw tooLarge(maxBytes);
          chunks.push(chunk);
        },
        onResponseEnd() {
          signal.removeEventListener('abort', abort);
          resolve({ ...head, body: Buffer.concat(chunks) });
        },
        onResponseError: (_controller, error) => fail(error),
      },
    );
  });
}

const requestOf = ({ method, headers, body }: ExchangeInput) => ({
  method: method as Dispatcher.HttpMethod,
  headers: { ...headers, 'accept-encoding': 'identity' },
  body,
});

/** Throws if status or headers already show that the answer cannot be used. */
function lookAtHead(input: ExchangeInput, { status, headers }: Pick<Answer, 'status' | 'headers'>): void {
  // RFC 9110 §8.4: we asked for no encoding. A small compressed answer could unpack to a very large one
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new OutboundError('bad_content_type', 'The answer is compressed.');
  input.inspect?.(status, headers);
}

async function sendHead(
  dispatcher: Dispatcher,
  input: ExchangeInput,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const answered = request(input.url, { dispatcher, signal, ...requestOf(input) });
  const answer = await orAborted(answered, signal);
  const { statusCode, headers, body } = answer;
  // destroying a body before its end emits an error that nobody else handles
  body.on('error', () => {});
  try {
    lookAtHead(input, { status: statusCode, headers });
    return answer;
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** undici itself reacts to a signal only once it has a connection; this does at any time. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function* limited(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): OutboundError {
  return new OutboundError('too_large', `The answer is larger than ${maxBytes} bytes.`);
}
