import type { FastifyRequest } from 'fastify';
import type { Account } from './account.ts';

/** Request decorator: the form's token was found good. */
export const CSRF_CHECKED = 'csrfChecked';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What is read here of the session that the package `accounts` keeps. */
interface Session {
  readonly sessionId: string;
  readonly account?: Account;
}

/**
 * Null where there is none: the plugin is not registered, the request failed before it, or the session was destroyed.
 */
export const sessionOf = (request: FastifyRequest): Session | null =>
  (request as FastifyRequest & { session?: Session | null }).session ?? null;

/**
 * Who is signed in, or null. In a state-changing request only after the form's token was checked, as `pages` does it;
 * elsewhere it throws, so that no route outside of `pages` changes anything on the strength of a cookie alone.
 */
export function currentAccount(request: FastifyRequest): Account | null {
  if (!SAFE.has(request.method) && request.getDecorator<boolean>(CSRF_CHECKED) !== true) {
    throw new Error(
      `${request.method} ${request.routeOptions.url ?? ''} uses the session without a checked form token; ` +
        'register the route in pages().',
    );
  }
  return currentSessionAccount(request);
}

/**
 * Like `currentAccount`, without the check: only for a route that checks a form token of its own, as the authorization
 * endpoint does.
 */
export function currentSessionAccount(request: FastifyRequest): Account | null {
  return sessionOf(request)?.account ?? null;
}
