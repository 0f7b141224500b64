import { types } from 'node:util';

/** SQLSTATE classes and codes, and socket errors, that mean: not now (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const CODES = new Set([
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57014', // query_canceled (statement timeout)
  '55P03', // lock_not_available
  '40001',
  '40P01',
  '25006', // read_only_sql_transaction: a demoted primary
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'P1001', // Prisma: cannot be reached
  'P1008', // Prisma: operation timed out
  'P1017', // Prisma: connection closed
  'P2024', // Prisma: no connection free
  'P2034', // Prisma: write conflict or deadlock
]);
const CLASSES = /^(08|53|58)[0-9A-Z]{3}$/; // connection exceptions, insufficient resources, system errors

const MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error/i;

/** How deep a driver may have wrapped what went wrong. */
const DEPTH = 4;

/**
 * Whether an error, or what caused it, says that the database cannot serve now, as opposed to a mistake of ours. What a service does in its
 * own grants and at consent may go through a driver that wraps `pg`'s errors (Prisma keeps them in `meta.driverAdapterError`).
 */
export function isDatabaseUnavailable(error: unknown, depth = DEPTH): boolean {
  if (typeof error !== 'object' || error === null || depth === 0) return false;
  const { code, message, cause, meta } = error as Record<'code' | 'message' | 'cause' | 'meta', unknown>;
  if (typeof code === 'string' && (CODES.has(code) || CLASSES.test(code))) return true;
  // not instanceof: a socket's error may be of another realm than ours
  if (types.isNativeError(error) && code === undefined && MESSAGES.test(String(message))) return true;
  const { driverAdapterError } = (meta ?? {}) as { driverAdapterError?: unknown };
  return isDatabaseUnavailable(cause, depth - 1) || isDatabaseUnavailable(driverAdapterError, depth - 1);
}
