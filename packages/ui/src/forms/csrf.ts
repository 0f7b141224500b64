import { sha256base64url } from '@chatelaine/crypto';
import csrf, { type CookieSerializeOptions } from '@fastify/csrf-protection';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CSRF_CHECKED, currentSessionAccount, sessionOf } from '../signed-in/current-account.ts';
import { CSRF_FIELD } from './csrf-field.ts';
import { formOf } from './form-of.ts';

export interface FormTokenOptions {
  readonly cookieName: string;
  readonly cookieOptions: CookieSerializeOptions;
  /** The key that signs the tokens. */
  readonly key: string;
}

/**
 * CSRF tokens for the forms of an app, each valid for one browser and one session; `pages` checks them. Needs
 * @fastify/cookie with a secret.
 */
export async function formTokens(app: FastifyInstance, options: FormTokenOptions): Promise<void> {
  app.decorateRequest(CSRF_CHECKED, false);
  await app.register(csrf, {
    cookieKey: options.cookieName,
    cookieOpts: { ...options.cookieOptions, signed: true },
    csrfOpts: { hmacKey: options.key, userInfo: true },
    getToken: csrfTokenOf,
    getUserInfo: sessionBinding,
  });
}

/**
 * What a token is bound to besides the browser's secret: the session, once somebody has signed in. So a form from
 * before the sign-in is invalid after it.
 */
export function sessionBinding(request: FastifyRequest): string {
  const session = sessionOf(request);
  if (session === null || currentSessionAccount(request) === null) return 'nobody';
  return sha256base64url(session.sessionId);
}

function csrfTokenOf(request: FastifyRequest): string {
  return formOf(request).get(CSRF_FIELD) ?? '';
}
