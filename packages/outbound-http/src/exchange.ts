import { type Dispatcher, request } from 'undici';
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
  if (deps.isClosed()) throw closed();
  const verdict = deps.guard.judge(input.url);
  if (verdict.kind === 'refused') throw new OutboundError('refused', verdict.detail);
  const deadline = AbortSignal.timeout(input.timeoutSeconds * 1000);
  const signal = input.signal === undefined ? deadline : AbortSignal.any([deadline, input.signal]);
  try {
    const leave = await deps.gate.enter(input.lane, signal);
    try {
      return await send(deps.dispatcher, input, signal);
    } finally {
      leave();
    }
  } catch (error) {
    input.signal?.throwIfAborted();
    if (deadline.aborted) throw new OutboundError('timeout', `No whole answer within ${input.timeoutSeconds} s.`);
    throw asOutboundError(error);
  }
}

async function send(dispatcher: Dispatcher, input: ExchangeInput, signal: AbortSignal): Promise<Answer> {
  const answered = request(input.url, {
    dispatcher,
    signal,
    method: input.method as Dispatcher.HttpMethod,
    headers: { ...input.headers, 'accept-encoding': 'identity' },
    body: input.body,
  });
  const { statusCode, headers, body } = await orAborted(answered, signal);
  // destroying a body that is not read to its end reports an error nobody waits for
  body.on('error', () => {});
  try {
    // RFC 9110 §8.4: we asked for none; unpacking a stranger's archive is how a small answer becomes a large one
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity')
      throw new OutboundError('bad_content_type', 'The answer is compressed.');
    input.inspect?.(statusCode, headers);
    return { status: statusCode, headers, body: await readUpTo(body, input.maxBytes, headers['content-length']) };
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
  const tooLarge = () => new OutboundError('too_large', `The answer is larger than ${maxBytes} bytes.`);
  if (Number(announced) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
