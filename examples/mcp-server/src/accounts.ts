import { randomUUID } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { escape, page } from './html.ts';

// Stands for the accounts, sessions and sign-in page that your app has already: host-kit uses them by two callbacks and
// brings none of its own.

export interface Accounts {
  /** The user signed in at this browser. */
  signedIn(request: FastifyRequest): string | null;
}

const COOKIE = 'notes_session';

export function accounts(app: FastifyInstance, passwords: Readonly<Record<string, string>>): Accounts {
  const sessions = new Map<string, string>();

  app.get<{ Querystring: { return_to?: string } }>('/sign-in', async (request, reply) =>
    reply.type('text/html').send(signInPage(request.query.return_to ?? '/')),
  );
  app.post<{ Body: { username: string; password: string; return_to: string } }>('/sign-in', async (request, reply) => {
    const { username, password, return_to: returnTo } = request.body;
    if (!Object.hasOwn(passwords, username) || passwords[username] !== password)
      return reply.code(403).type('text/html').send(signInPage(returnTo, 'That is not right.'));
    const session = randomUUID();
    sessions.set(session, username);
    reply.header('set-cookie', `${COOKIE}=${session}; HttpOnly; SameSite=Lax; Path=/`);
    // paths of our own only: `//elsewhere` is none, nor is it with a tab in between, which browsers take out
    return reply.redirect(/^\/(?![/\\])[\x21-\x7e]*$/.test(returnTo) ? returnTo : '/', 303);
  });
  return {
    signedIn: ({ headers }) => sessions.get(parseCookie(headers.cookie ?? '')[COOKIE] ?? '') ?? null,
  };
}

function signInPage(returnTo: string, problem = ''): string {
  return page(
    'Sign in',
    `<p>${escape(problem)}</p>
    <form method="post" action="/sign-in"><input type="hidden" name="return_to" value="${escape(returnTo)}">
    <p><label>Name <input name="username" autocomplete="username"></label></p>
    <p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
    <button>Sign in</button></form>`,
  );
}
