import { systemRandom } from '@chatelaine/crypto';

/** The position of a span in a trace: W3C Trace Context. Ids are in lower-case hex. */
export interface TraceContext {
  /** 16 bytes; the same in every service that a request reaches. */
  readonly traceId: string;
  /** 8 bytes; the id of this span. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NOTHING = /^0+$/;
const SAMPLED = 1;

/**
 * Reads a `traceparent` header of version 00. Null if it has any other form; then a new trace begins. W3C Trace Context
 * §3.2.
 */
export function parseTraceparent(header: unknown): TraceContext | null {
  if (typeof header !== 'string') return null;
  const [, traceId, spanId, flags] = FORM.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** The context of a new span, in its parent's trace or in a new one. It is not sampled, because nobody records it. */
export function nextContext(parent: TraceContext | null): TraceContext {
  return { traceId: parent?.traceId ?? hex(16), spanId: hex(8), sampled: false };
}

const hex = (bytes: number): string => Buffer.from(systemRandom(bytes)).toString('hex');
