/**
 * Why there is no usable answer. `refused`: by our own SSRF policy. `unreachable`: name, connection or TLS. `busy`: too
 * many of our requests are under way. `closed`: after `close()`. The others say what was wrong with the answer.
 */
export type FailureReason =
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'busy'
  | 'closed'
  | 'too_large'
  | 'bad_status'
  | 'bad_content_type'
  | 'bad_json'
  | 'redirect';

/** Reasons that arise before there is a connection. */
const UNSENT: ReadonlySet<FailureReason> = new Set(['refused', 'busy']);

/** What `outbound.fetch` throws. The message is for the operator; of the answer it holds the status at most. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly reason: FailureReason;
  /** True if certainly nothing of the request was sent. */
  readonly unsent: boolean;

  constructor(reason: FailureReason, detail: string, { unsent = UNSENT.has(reason) }: { unsent?: boolean } = {}) {
    super(detail);
    this.reason = reason;
    this.unsent = unsent;
  }
}

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
  'ETIMEOUT',
]);

/**
 * Turns an error of a library into an {@link OutboundError}. Of the original only its code is kept, because messages of
 * parsers quote what they could not parse.
 */
export function asOutboundError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const raw = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const code = typeof raw === 'string' && /^[A-Z0-9_]{2,64}$/.test(raw) ? raw : 'unknown';
  if (TIMEOUTS.has(code)) return new OutboundError('timeout', `No answer in time (${code}).`);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new OutboundError('too_large', 'The answer has too many headers.');
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return closed();
  return new OutboundError('unreachable', `The connection failed (${code}).`);
}

export function closed(): OutboundError {
  return new OutboundError('closed', 'The service is stopping; nothing is sent any more.');
}
