import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import type { DestinationStream, LoggerOptions } from 'pino';
import { logIds } from './work.ts';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  name: string;
  level: LogLevel;
  /** Where lines are written; stdout by default. */
  destination?: DestinationStream;
}

/** Logs JSON lines with ids and outcomes: never a body, a query string, a header or a token. */
export function logger({ name, level, destination }: LogOptions): LoggerOptions & { stream?: DestinationStream } {
  return {
    name,
    level,
    base: { name },
    mixin: (_fields, _level, logger) => ({ ...requestIdOf(logger), ...logIds() }),
    serializers: { req: describeRequest, res: describeReply, err: describeError },
    // a safeguard, in case a careless call logs an object with secrets
    redact: { paths: SECRETS.flatMap((word) => [word, `*.${word}`]), censor: '[redacted]' },
    ...(destination === undefined ? {} : { stream: destination }),
  };
}

const REQUEST_ID = Symbol('request id');

/**
 * Makes the logger of a request. The request's id is added to each line when that is written: what pino binds to a
 * logger it redacts when the request begins, whether or not it writes anything.
 */
export const requestLogger: NonNullable<FastifyServerOptions['childLoggerFactory']> = (logger, { reqId }, options) =>
  Object.assign(logger.child({}, options), { [REQUEST_ID]: reqId });

function requestIdOf(logger: object): { reqId?: unknown } {
  return REQUEST_ID in logger ? { reqId: logger[REQUEST_ID] } : {};
}

const SECRETS = [
  'headers',
  'body',
  'query',
  'cookie',
  'cookies',
  'authorization',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'subject_token',
  'actor_token',
  'client_assertion',
  'client_secret',
  'code_verifier',
  'state',
];

function describeRequest(request: FastifyRequest): Record<string, unknown> {
  return { method: request.method, path: pathOf(request), ip: request.ip };
}

function describeReply(reply: FastifyReply): Record<string, unknown> {
  return { status: reply.statusCode };
}

/** The path of the request's URL alone, because queries hold codes, states and identifiers. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]?.slice(0, 200) ?? '';
}

const DEPTH = 3;

/**
 * Message, code and stack of an error and its causes. Of a database error it omits what may hold values of rows
 * (`detail`, `where`, and the message in class 22).
 */
export function describeError(error: unknown, depth = DEPTH): Record<string, unknown> {
  if (!(error instanceof Error))
    return { message: typeof error === 'string' ? error : 'something that is not an error was thrown' };
  const { code, table, constraint, cause } = error as Error &
    Record<'code' | 'table' | 'constraint' | 'cause', unknown>;
  const quotesValues = typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code);
  const stack = error.stack ?? '';
  return {
    type: error.name,
    message: quotesValues ? 'a value does not fit its type' : error.message,
    stack: quotesValues ? stack.slice(stack.indexOf('\n    at ')) : stack,
    code,
    table,
    constraint,
    cause: cause === undefined || depth === 0 ? undefined : describeError(cause, depth - 1),
  };
}
