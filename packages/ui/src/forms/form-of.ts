import { type FormParams, type FormResult, invalidRequest, OAuthError } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * The form a request brought; in page routes it is always a good one. Throws 415 when there is none, 400 when it is
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

/** The parameters of the query, parsed as strictly as a form. Throws 400. Use it instead of `request.query`. */
export function queryOf(request: FastifyRequest): FormParams {
  return accept(request.query as FormResult);
}

function accept(result: FormResult): FormParams {
  if (result.kind === 'malformed') throw invalidRequest(result.reason);
  return result.params;
}
