import { type FormParams, type FormResult, invalidRequest, OAuthError } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * The form in a request, which in page routes has been checked already. Throws 415 if there is none, 400 if it is
 * malformed.
 */
export function formOf(request: FastifyRequest): FormParams {
  const form = (request.body as { form?: FormResult } | null | undefined)?.form;
  if (form === undefined)
    throw new OAuthError('invalid_request', 'The request must bring a form (application/x-www-form-urlencoded).', {
      status: 415,
    });
  return accept(form);
}

/**
 * The parameters of the query, parsed as strictly as a form; use it instead of `request.query`. Throws 400 if they are
 * malformed.
 */
export function queryOf(request: FastifyRequest): FormParams {
  return accept(request.query as FormResult);
}

function accept(result: FormResult): FormParams {
  if (result.kind === 'malformed') throw invalidRequest(result.reason);
  return result.params;
}
