import { VaultError } from '@chatelaine/crypto';
import { isDatabaseUnavailable } from '@chatelaine/postgres';
import { OAuthError, type ErrorCode } from '@chatelaine/protocol';
import type { FastifyError } from 'fastify';
import { Problem, type ProblemOptions } from './problem.ts';

/** The answer to an error, before it is written as JSON or as a page. */
export interface ErrorAnswer {
  status: number;
  code: ErrorCode | string;
  sentence: string;
  title?: string | undefined;
  next?: ProblemOptions['next'];
  retryAfter?: number | undefined;
  headers?: Readonly<Record<string, string>>;
  extras?: object;
  /** A bug of ours: logged in full, and not shown in the answer. */
  unexpected?: true;
  /** The database is unavailable. */
  database?: true;
}

const RETRY_SECONDS = 2;
const CANNOT_DECRYPT_RETRY_SECONDS = 60;

/**
 * Translates everything that routes throw; nothing else does. A TypeError of ours is a 500 in the log, never the
 * client's 400.
 */
export function answerTo(error: unknown): ErrorAnswer {
  if (error instanceof OAuthError) {
    const { status, code, message, retryAfter, headers, extras } = error;
    return { status, code, sentence: message, retryAfter, headers, extras };
  }
  if (error instanceof Problem) {
    const { status, message, title, next, retryAfter } = error;
    return { status, code: codeOf(status), sentence: message, title, next, retryAfter };
  }
  if (isDatabaseUnavailable(error)) {
    return {
      status: 503,
      code: 'temporarily_unavailable',
      sentence: 'The service cannot answer right now. Try again in a moment.',
      retryAfter: RETRY_SECONDS,
      database: true,
    };
  }
  if (error instanceof VaultError) return CANNOT_DECRYPT;
  return frameworkAnswer(error) ?? UNEXPECTED;
}

/**
 * A stored value cannot be decrypted with the keys of this process, or not with this AAD. Whoever runs the service can
 * repair that.
 */
const CANNOT_DECRYPT: ErrorAnswer = {
  status: 503,
  code: 'temporarily_unavailable',
  sentence: 'Something that is kept here cannot be read right now. Whoever runs this service has to look into it.',
  retryAfter: CANNOT_DECRYPT_RETRY_SECONDS,
  unexpected: true,
};

const UNEXPECTED: ErrorAnswer = {
  status: 500,
  code: 'server_error',
  sentence:
    'Something went wrong on our side. Nothing you did caused it; ' +
    'try again, and if it happens again, tell whoever runs this service.',
  unexpected: true,
};

/** Refusals of Fastify itself, recognized by its error codes: the status of any other error cannot be trusted. */
function frameworkAnswer(error: unknown): ErrorAnswer | null {
  const { code, statusCode, validation } = error as Partial<FastifyError>;
  if (
    typeof code !== 'string' ||
    !code.startsWith('FST_') ||
    statusCode === undefined ||
    statusCode < 400 ||
    statusCode >= 500
  )
    return null;
  if (code.startsWith('FST_CSRF')) return FORM_NOT_OURS;
  const sentence = validation
    ? 'The request does not have the right shape.'
    : (SENTENCES[statusCode] ?? 'The request could not be read.');
  return { status: statusCode, code: codeOf(statusCode), sentence };
}

const SENTENCES: Record<number, string> = {
  404: 'There is nothing here.',
  413: 'What was sent is too large.',
  414: 'The address is too long.',
  415: 'What was sent is of a kind that is not accepted here.',
};

/** For a form whose CSRF token is missing or another browser's, or that another site has sent. */
export const FORM_NOT_OURS: ErrorAnswer = {
  status: 403,
  code: 'access_denied',
  title: 'This form is no longer good',
  sentence:
    'Nothing was changed. The form was opened before you signed in or out, ' +
    'or it did not come from this site. Go back, reload the page and send it again.',
};

function codeOf(status: number): ErrorCode {
  if (status === 403) return 'access_denied';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
