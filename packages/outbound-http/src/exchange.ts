import { type Dispatcher, request } from 'undici';
import { deadlineIn } from './deadline.ts';
import type { Gate } from './gate.ts';
import type { Guard } from './guard.ts';
import { asOutboundError, closed, OutboundError } from './outbound-error.ts';

export interface ExchangeDeps {
  readonly guard: Guard;
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
  /** From here to the last byte of the answer, waiting for a place included. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  /** What shares one lane of the gate. */
  readonly lane: string;
  /** Looks at the head before the body is read; throws to refuse it. */
  readonly inspect?: (status: number, headers: AnswerHeaders) => void;
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Uint8Array;
}

/**
 * One request and its whole answer, within one deadline and one size. Redirects are never followed, nothing is decompressed.
 *
 * @throws OutboundError for everything that goes wrong, or the caller's own abort reason
 */
export async function exchange(deps: ExchangeDeps, input: ExchangeInput): Promise<Answer> {
  const begun = begin(deps, input);
  try {
    const leave = await deps.gate.enter(input.lane, begun.signal);
    try {
      return await send(deps.dispatcher, input, begun.signal);
    } finally {
      leave();
    }
  } catch (error) {
    throw begun.fault(error);
  }
}

export interface StreamedAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Pieces as they arrive. Leaving the loop closes the connection; so does the deadline, read or not. Throws as {@link exchange} does. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  /** For who does not read: closes the connection. */
  readonly cancel: () => void;
}

/**
 * One request and its answer in pieces, within one deadline and one size for all of it. The place in line is held until the last piece.
 *
 * @throws OutboundError for everything that goes wrong, or the caller's own abort reason
 */
export async function exchangeStreamed(deps: ExchangeDeps, input: ExchangeInput): Promise<StreamedAnswer> {
  const begun = begin(deps, input);
  try {
    const leave = await deps.gate.enter(input.lane, begun.signal);
    try {
      const { statusCode: status, headers, body } = await sendHead(deps.dispatcher, input, begun.signal);
      body.once('close', leave);
      return { status, headers, body: piecesOf(body, input, begun), cancel: () => void body.destroy() };
    } catch (error) {
      leave();
      throw error;
    }
  } catch (error) {
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
  readonly signal: AbortSignal;
  /** What an error is to the caller: its own abort reason, the deadline, or ours. */
  readonly fault: (error: unknown) => unknown;
}

function begin(deps: ExchangeDeps, { url, timeoutSeconds, signal: own }: ExchangeInput): Begun {
  if (deps.isClosed()) throw closed();
  const verdict = deps.guard.judge(url);
  if (verdict.kind === 'refused') throw new OutboundError('refused', verdict.detail);
  const deadline = deadlineIn(timeoutSeconds);
  return {
    signal: own === undefined ? deadline : AbortSignal.any([deadline, own]),
    fault(error) {
      if (own?.aborted === true) return own.reason;
      if (deadline.aborted) return new OutboundError('timeout', `No whole answer within ${timeoutSeconds} s.`);
      return asOutboundError(error);
    },
  };
}

async function send(dispatcher: Dispatcher, input: ExchangeInput, signal: AbortSignal): Promise<Answer> {
  const { statusCode, headers, body } = await sendHead(dispatcher, input, signal);
  try {
    return { status: statusCode, headers, body: await readUpTo(body, input.maxBytes, headers['content-length']) };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

async function sendHead(
  dispatcher: Dispatcher,
  input: ExchangeInput,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const answered = request(input.url, {
    dispatcher,
    signal,
    method: input.method as Dispatcher.HttpMethod,
    headers: { ...input.headers, 'accept-encoding': 'identity' },
    body: input.body,
  });
  const answer = await orAborted(answered, signal);
  const { statusCode, headers, body } = answer;
  // destroying a body that is not read to its end reports an error nobody waits for
  body.on('error', () => {});
  try {
    // RFC 9110 §8.4: we asked for none; unpacking a stranger's archive is how a small answer becomes a large one
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity')
      throw new OutboundError('bad_content_type', 'The answer is compressed.');
    input.inspect?.(statusCode, headers);
    return answer;
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** undici heeds a signal only once it has a connection; we do at any time. */
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

async function readUpTo(body: AsyncIterable<Uint8Array>, maxBytes: number, announced: unknown): Promise<Uint8Array> {
  if (Number(announced) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  for await (const chunk of limited(body, maxBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
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
