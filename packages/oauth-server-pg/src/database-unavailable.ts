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
]);

/** Whether an error of `pg` says that the database cannot serve now, as opposed to a mistake of ours. */
export function isDatabaseUnavailable(error: unknown): boolean {
  // not instanceof: a socket's error may be of another realm than ours
  if (!types.isNativeError(error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string')
    return CODES.has(code) || code.startsWith('08') || code.startsWith('53') || code.startsWith('58');
  return /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/i.test(
    error.message,
  );
}
