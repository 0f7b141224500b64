import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ErrorPage } from '../pages/error-page.tsx';
import { renderPage } from '../pages/render.tsx';
import { wantsPage } from './wants-page.ts';
import { answerTo, type ErrorAnswer } from './error-answer.ts';
import { describeError } from '@chatelaine/telemetry';

export type ErrorHandler = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Answers with JSON, for routes that programs call, whatever the error is. RFC 6749 §5.2. */
export const sendJsonError: ErrorHandler = (error, request, reply) => {
  const answer = prepare(error, request, reply);
  return asJson(answer, reply);
};

/** Answers with a page, for routes that people visit. */
export const sendErrorPage: ErrorHandler = (error, request, reply) => {
  const answer = prepare(error, request, reply);
  try {
    return asPage(answer, request, reply);
  } catch (failure) {
    request.log.error({ err: failure }, 'the error page failed');
    return asJson(answer, reply);
  }
};

/** Answers with a page if the request prefers HTML and with JSON otherwise, for URLs that are neither. */
export const sendNegotiatedError: ErrorHandler = (error, request, reply) => {
  return wantsPage(request) ? sendErrorPage(error, request, reply) : sendJsonError(error, request, reply);
};

function prepare(error: unknown, request: FastifyRequest, reply: FastifyReply): ErrorAnswer {
  const answer = answerTo(error);
  if (answer.unexpected) request.log.error({ err: error }, 'unexpected error');
  else if (answer.database)
    request.log.warn({ status: answer.status, cause: describeError(error) }, 'the database cannot serve');
  else request.log.info({ outcome: answer.code, status: answer.status, cause: causeOf(error) }, 'refused');
  if (answer.retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(answer.retryAfter))));
  return answer;
}

function causeOf(error: unknown): unknown {
  const { cause } = error as { cause?: unknown };
  return cause === undefined || typeof cause === 'string' ? cause : describeError(cause);
}

function asJson({ status, code, sentence, headers = {}, extras = {} }: ErrorAnswer, reply: FastifyReply): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send({ error: code, error_description: sentence, ...extras });
}

function asPage(answer: ErrorAnswer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, sentence, title = TITLES[status] ?? 'That did not work', next } = answer;
  const help = status >= 500 ? { requestId: request.id } : {};
  return renderPage(
    reply.code(status),
    <ErrorPage title={title} sentence={sentence} {...(next && { next })} {...help} />,
  );
}

const TITLES: Record<number, string> = {
  403: 'Not allowed',
  404: 'Nothing here',
  405: 'Not possible here',
  413: 'Too large',
  415: 'Not accepted',
  429: 'Too many tries',
  500: 'Something went wrong',
  503: 'Please try again in a moment',
};
