import { type Account, currentAccount } from '@chatelaine/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * preHandler: redirects people who are not signed in to /sign-in, and afterwards back here (after a form, to the front
 * page).
 */
export async function requireAccount(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (currentAccount(request) !== null) return undefined;
  return reply.redirect(signInUrl(SAFE.has(request.method) ? request.url : '/'), 303);
}

/** The account that is signed in, in a route behind {@link requireAccount}. */
export function accountOf(request: FastifyRequest): Account {
  const account = currentAccount(request);
  if (account === null) throw new Error('This route is not behind requireAccount.');
  return account;
}

/** URL of the sign-in page, which returns to a local path. */
export const signInUrl = (returnTo: string): string => withReturnTo('/sign-in', returnTo);

/** URL of a page that then goes on to a local path. */
export const withReturnTo = (page: string, returnTo: string): string =>
  `${page}?${new URLSearchParams({ return_to: returnTo }).toString()}`;
