import { VaultError } from '@chatelaine/crypto';
import { isDatabaseUnavailable } from '@chatelaine/postgres';
import formbody from '@fastify/formbody';
import {
  type FormParams,
  type FormResult,
  invalidRequest,
  OAuthError,
  parseForm,
  parseJson,
  refusalOfFields,
  temporarilyUnavailable,
} from '@chatelaine/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { allowAnyOrigin } from './any-origin.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** On a route that refuses: the methods that its path has. */
    allowed?: readonly string[];
    /**
     * `false`: only programs call it, so what an app does for people, such as refreshing their sessions, can be
     * skipped.
     */
    forPeople?: boolean;
  }
}

/**
 * Makes a Fastify scope answer as OAuth endpoints do: bodies parsed strictly, every error as JSON of RFC 6749 §5.2 (the
 * framework's own too), nothing cached, and open to programs in a browser's page.
 */
export async function oauthScope(scope: FastifyInstance): Promise<void> {
  allowAnyOrigin(scope);
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, forPeople: false };
  });
  await strictScope(scope);
  scope.setErrorHandler<FastifyError>(sendError);
}

/** A scope whose forms are parsed strictly and whose answers are not cached; it handles its own errors. */
export async function strictScope(scope: FastifyInstance): Promise<void> {
  scope.removeAllContentTypeParsers();
  // repeated here for apps that are not ours
  scope.addHook('onRequest', ({ raw }, _reply, done) => done(refusalOfFields(raw.rawHeaders) ?? undefined));
  // @fastify/formbody does not catch what its parser throws: the parser returns a tagged result, and `formOf` refuses
  await scope.register(formbody, { bodyLimit: 65_536, parser: (text) => ({ form: inOneLine(parseForm(text)) }) });
  scope.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
}

/** Makes a scope accept JSON bodies, parsed strictly, and no others; up to 64 KB unless it says otherwise. */
export function acceptJson(scope: FastifyInstance, { bodyLimit = 65_536 }: { bodyLimit?: number } = {}): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => {
    const parsed = parseJson(new Uint8Array(Buffer.from(body)));
    if (parsed.kind === 'json') done(null, parsed.value);
    else done(invalidRequest(parsed.reason));
  });
}

/** The form of a POST; throws `invalid_request` if it is malformed. */
export function formOf(request: FastifyRequest): FormParams {
  const result = (request.body as { form?: FormResult } | null | undefined)?.form;
  if (result === undefined) throw wrongMediaType(request);
  if (result.kind === 'malformed') throw invalidRequest(result.reason);
  return result.params;
}

/** The query of an authorization request, parsed as strictly as a form. */
export function queryOf(request: FastifyRequest): FormResult {
  const cut = request.url.indexOf('?');
  const result = inOneLine(parseForm(cut < 0 ? '' : request.url.slice(cut + 1)));
  return { ...result, params: withoutEmpty(result.params) };
}

/**
 * People's text may have several lines, but a program's parameters never do: no parameter of RFC 6749 §A has a control
 * character, and none is echoed.
 */
function inOneLine(result: FormResult): FormResult {
  for (const [name, value] of result.params)
    if (CONTROL.test(name) || CONTROL.test(value))
      return { kind: 'malformed', reason: 'A parameter has control characters.', repeated: null, params: new Map() };
  return result;
}

const CONTROL = /\p{Cc}/u;

/** RFC 6749 §3.1, §3.2: a parameter without a value counts as absent. */
export function withoutEmpty(params: FormParams): FormParams {
  for (const value of params.values()) if (value === '') return new Map([...params].filter(([, each]) => each !== ''));
  return params;
}

/** Aborts when the caller closes the connection before the answer. */
export function abortSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // listens on the answer, not the socket: a socket outlives many requests, and would collect the listeners of all
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Answers every other method of a path with 405 and the methods it has. RFC 9110 §15.5.6. */
export function refuseOtherMethods(
  scope: FastifyInstance,
  path: string,
  allowed: readonly ('GET' | 'POST' | 'DELETE')[],
): void {
  const known = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : [])];
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
    (method) => !known.includes(method),
  );
  scope.route({
    method: methods,
    url: path,
    config: { allowed },
    // before the body is parsed, so that its media type does not matter
    onRequest: async (_request, reply) => {
      reply.header('allow', allowed.join(', '));
      throw new OAuthError('invalid_request', `Only ${allowed.join(' and ')} is possible here.`, { status: 405 });
    },
    handler: async () => undefined,
  });
}

/** Each scope accepts one media type; the answer names it. */
function wrongMediaType({ server }: FastifyRequest): OAuthError {
  const wanted = server.hasContentTypeParser('application/json')
    ? 'application/json'
    : 'application/x-www-form-urlencoded';
  return new OAuthError('invalid_request', `The body must be ${wanted}.`, { status: 415 });
}

/** The JSON answer to anything that was thrown. */
export function sendError(
  error: FastifyError | OAuthError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const answer = toOAuthError(error, request);
  // our own fault, whatever the client is told
  if (answer === null || error instanceof VaultError) request.log.error({ err: error }, 'unexpected error');
  if (answer === null) {
    return reply
      .code(500)
      .send({ error: 'server_error', error_description: 'The server failed in an unexpected way.' });
  }
  request.log.info({ outcome: answer.code, status: answer.status, cause: describe(answer.cause) }, 'refused');
  if (answer.retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(answer.retryAfter))));
  return reply.headers(answer.headers).code(answer.status).send(answer.toJSON());
}

/** The OAuth error for what was thrown; null for a bug of ours, which is a 500 and never the client's 400. */
function toOAuthError(error: FastifyError | OAuthError, request: FastifyRequest): OAuthError | null {
  if (error instanceof OAuthError) return error;
  if (isDatabaseUnavailable(error))
    return temporarilyUnavailable('The server cannot answer right now.', { retryAfter: 2, cause: error.message });
  if (error instanceof VaultError)
    return temporarilyUnavailable('Something that is kept here cannot be read right now.', { retryAfter: 60 });
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return wrongMediaType(request);
  const status = error.statusCode;
  if (status === undefined || status < 400 || status >= 500) return null;
  return new OAuthError(
    'invalid_request',
    status === 413 ? 'The body is too large.' : 'The request could not be read.',
    { status },
  );
}

function describe(cause: unknown): string | undefined {
  if (typeof cause === 'string') return cause;
  return cause instanceof Error ? cause.message : undefined;
}
