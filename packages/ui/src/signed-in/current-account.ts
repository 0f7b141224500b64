import type { FastifyRequest } from 'fastify';
import type { Account } from './account.ts';

/** Name of the request decorator that says that the CSRF token was valid. */
export const CSRF_CHECKED = 'csrfChecked';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The part that is read here of the session, which `accounts` keeps. */
interface Session {
  readonly sessionId: string;
  readonly account?: Account;
}

/**
 * Null if there is no session: the plugin is not registered, the request failed before it ran, or the session was
 * destroyed.
 */
export const sessionOf = (request: FastifyRequest): Session | null =>
  (request as FastifyRequest & { session?: Session | null }).session ?? null;

/**
 * Who is signed in, or null. In a state-changing request it throws unless the CSRF token has been checked, which
 * `pages` does, so that no other route changes anything on the strength of a cookie alone.
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
 * Like {@link currentAccount}, without that check: for a route that checks a CSRF token itself, as the authorization
 * endpoint does.
 */
export function currentSessionAccount(request: FastifyRequest): Account | null {
  return sessionOf(request)?.account ?? null;
}
