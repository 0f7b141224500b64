import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { currentSessionAccount } from '../accounts/current-account.ts';
import { CSRF_FIELD } from './csrf-field.ts';
import { formOf } from './form-of.ts';

/** What a form's token is tied to besides the browser's secret: the session, once there is one. So a form from before sign-in is dead after it. */
export function sessionBinding(request: FastifyRequest): string {
  if (currentSessionAccount(request) === null) return 'nobody';
  return createHash('sha256').update(request.session.sessionId).digest('base64url');
}

/** The token in the form. */
export function csrfTokenOf(request: FastifyRequest): string {
  return formOf(request).get(CSRF_FIELD) ?? '';
}

/**
 * Whether the browser says that another site sent this request. Fetch Metadata decides where there is any: with `Referrer-Policy: no-referrer` the
 * Origin of our own forms is `null` (Fetch §3.2, "append a request Origin header"). Where a browser says no more than that (Safari before 16.4), the
 * form's token alone decides, which is the session's.
 */
export function isFromElsewhere(request: FastifyRequest, issuer: string): boolean {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const foreignOrigin = origin !== undefined && origin !== 'null' && origin !== issuer;
  return foreignOrigin || (site !== undefined && site !== 'same-origin' && site !== 'none');
}
