import { type Account, currentAccount } from '@chatelaine/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

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
export const signInUrl = (returnTo: string): string => goingOn('/sign-in', returnTo);

/** A page on the way to a local path. */
export const goingOn = (page: string, returnTo: string): string =>
  `${page}?${new URLSearchParams({ return_to: returnTo }).toString()}`;
