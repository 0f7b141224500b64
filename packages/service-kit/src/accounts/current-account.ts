import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from './account.ts';

/** Request decorator: the form's token was found good. */
export const CSRF_CHECKED = 'csrfChecked';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Who is signed in, or null. In a state-changing request only after the form's token was checked, as `pages` does it; elsewhere it throws, so that
 * no route outside of `pages` changes anything on the strength of a cookie alone.
 */
export function currentAccount(request: FastifyRequest): Account | null {
  if (!SAFE.has(request.method) && request.getDecorator<boolean>(CSRF_CHECKED) !== true) {
    throw new Error(
      `${request.method} ${request.routeOptions.url ?? ''} uses the session without a checked form token; register the route in pages().`,
    );
  }
  return currentSessionAccount(request);
}

/** Like `currentAccount`, without the guard: only for a route that checks a form token of its own, as the authorization endpoint does. */
export function currentSessionAccount(request: FastifyRequest): Account | null {
  // no session: the plugin is not registered, the request failed before it, or the session was destroyed
  const session = request.session as FastifyRequest['session'] | null | undefined;
  return session?.account ?? null;
}

/** preHandler: sends whoever is not signed in to /sign-in and back here afterwards (to the front page after a form). */
export async function requireAccount(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (currentAccount(request) !== null) return undefined;
  return reply.redirect(signInUrl(SAFE.has(request.method) ? request.url : '/'), 303);
}

/** The account of a route behind `requireAccount`. */
export function accountOf(request: FastifyRequest): Account {
  const account = currentAccount(request);
  if (account === null) throw new Error('This route is not behind requireAccount.');
  return account;
}

/** Where to sign in, coming back to a local path. */
export function signInUrl(returnTo: string): string {
  return `/sign-in?${new URLSearchParams({ return_to: returnTo }).toString()}`;
}
