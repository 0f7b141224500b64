/**
 * SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html), socket errors and Prisma codes that mean
 * "not now", as opposed to a bug of ours.
 */
const CODES = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57014', // query_canceled: a statement timeout
  '55P03', // lock_not_available
  '40001', // serialization_failure, after the retries
  '40P01', // deadlock_detected, after the retries
  '25006', // read_only_sql_transaction: a primary that was demoted
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'P1001', // Prisma: cannot be reached
  'P1002', // Prisma: timed out
  'P1008', // Prisma: operation timed out
  'P1017', // Prisma: connection closed
  'P2024', // Prisma: no connection free in the pool
  'P2028', // Prisma: a transaction could not begin or end in time
  'P2034', // Prisma: write conflict or deadlock
]);
const CLASSES = /^(08|53|58)[0-9A-Z]{3}$/; // connection exceptions, insufficient resources, system errors
const KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'TooManyConnections',
  'SocketTimeout',
  'TransactionWriteConflict',
]);
const MESSAGES = [
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Query read timeout',
  'Client has encountered a connection error',
];

/** How many wrappers of drivers to look through for the cause. */
const DEPTH = 4;

/**
 * Whether an error, or its cause, says that the database cannot serve at the moment: the answer is then 503, and a
 * retry may succeed. A driver may have wrapped the error of `pg` (Prisma keeps it in `meta.driverAdapterError`).
 */
export function isDatabaseUnavailable(error: unknown, depth = DEPTH): boolean {
  if (typeof error !== 'object' || error === null || depth === 0) return false;
  const { code, message, kind, cause, meta, errors } = error as Record<
    'code' | 'message' | 'kind' | 'cause' | 'meta' | 'errors',
    unknown
  >;
  if (typeof code === 'string' && (CODES.has(code) || CLASSES.test(code))) return true;
  if (typeof kind === 'string' && KINDS.has(kind)) return true;
  if (typeof message === 'string' && MESSAGES.some((begin) => message.startsWith(begin))) return true;
  const adapterError = (meta as { driverAdapterError?: unknown } | null | undefined)?.driverAdapterError;
  const inner = [cause, adapterError, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return inner.some((one) => isDatabaseUnavailable(one, depth - 1));
}
