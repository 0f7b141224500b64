import cookie from '@fastify/cookie';
import csrf from '@fastify/csrf-protection';
import session from '@fastify/session';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Account } from '../accounts/account.ts';
import { CSRF_CHECKED } from '../accounts/current-account.ts';
import { csrfTokenOf, sessionBinding } from '../forms/csrf.ts';
import { type SessionKeys, sessionKeysOf } from '../keys/session-keys.ts';
import type { Pool } from '@chatelaine/postgres';
import { keepReaped } from './reaper.ts';
import { type SessionLifetime, SessionStore } from './session-store.ts';

declare module 'fastify' {
  interface Session {
    account?: Account;
  }
}

export interface SessionOptions {
  pool: Pool;
  /** Part of the cookies' names: browsers share cookies between the ports of one host. */
  name: string;
  /** What signs cookies and form tokens, or 32 bytes to derive it from. */
  key: SessionKeys | Uint8Array;
  lifetime?: Partial<SessionLifetime>;
}

const HOUR = 3_600;
const LIFETIME: SessionLifetime = { idle: 12 * HOUR, absolute: 7 * 24 * HOUR };

/**
 * Server-side sessions and form tokens for the whole app. Nobody gets a session before signing in (visitors cost no row); its cookie is HttpOnly,
 * SameSite=Lax (Strict would lose it on the way back from another site), and on an https issuer `__Host-` and Secure.
 */
export const sessions = fp(async (app: FastifyInstance, options: SessionOptions) => {
  const { pool, name } = options;
  const keys = options.key instanceof Uint8Array ? sessionKeysOf(options.key) : options.key;
  const lifetime = { ...LIFETIME, ...options.lifetime };
  const secure = app.getDecorator<string>('issuer').startsWith('https:');
  const prefix = secure ? '__Host-' : '';
  const cookieName = `${prefix}${name}-session`;
  const cookieOptions = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const;

  app.decorateRequest(CSRF_CHECKED, false);
  app.decorate(SESSION_COOKIE, { name: cookieName, options: cookieOptions } satisfies SessionCookie);
  if (secure) app.addHook('onRequest', speaksTls);
  await app.register(cookie, { secret: keys.form });
  await app.register(session, {
    secret: keys.sessionCookie,
    cookieName,
    cookie: { ...cookieOptions },
    store: new SessionStore(pool, lifetime),
    saveUninitialized: false,
    rolling: false,
  });
  await app.register(csrf, {
    cookieKey: `${prefix}${name}-form`,
    cookieOpts: { ...cookieOptions, signed: true },
    csrfOpts: { hmacKey: keys.formToken, userInfo: true },
    getToken: csrfTokenOf,
    getUserInfo: sessionBinding,
  });
  keepReaped(app, pool, lifetime);
});

interface SessionCookie {
  name: string;
  options: { path: string; httpOnly: boolean; secure: boolean; sameSite: 'lax' };
}
const SESSION_COOKIE = 'sessionCookie';

/** Starts a session for an account under a new id; the old session, if any, is gone. */
export async function startSession(request: FastifyRequest, account: Account): Promise<void> {
  await request.session.regenerate();
  request.session.account = { id: account.id, username: account.username };
  await request.session.save();
}

/** Ends the session on every replica, and takes the cookie away. */
export async function endSession(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await request.session.destroy();
  const { name, options } = request.server.getDecorator<SessionCookie>(SESSION_COOKIE);
  reply.clearCookie(name, options);
}

/** With an https issuer TLS ends in front of us; @fastify/session would not set a Secure cookie on what looks like http. */
async function speaksTls(request: FastifyRequest): Promise<void> {
  Object.defineProperty(request, 'protocol', { value: 'https' });
}
