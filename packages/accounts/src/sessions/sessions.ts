import { randomBytes } from 'node:crypto';
import cookie from '@fastify/cookie';
import session from '@fastify/session';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { type SessionKeys, sessionKeysOf } from '@chatelaine/keys';
import { repeat } from '@chatelaine/service-kit';
import { type Account, currentSessionAccount, formTokens, Problem } from '@chatelaine/ui';
import type { Pool } from '@chatelaine/postgres';
import { forPeople } from './for-people.ts';
import { reap } from './reap-store.ts';
import { findLive } from './own-sessions-store.ts';
import { deviceName } from './device-name.ts';
import {
  NotBegun,
  sessionHash,
  type SessionLifetime,
  SessionStore,
  type SignIn,
  type SignInMethod,
} from './session-store.ts';

declare module 'fastify' {
  interface Session {
    account?: Account;
    signIn?: SignIn;
    /** Set only while the session begins. */
    generation?: number;
  }
}

export interface SessionOptions {
  pool: Pool;
  /** Part of the cookies' names, because browsers share cookies between the ports of one host. */
  name: string;
  /** The keys that sign cookies and CSRF tokens, or 32 bytes from which to derive them. */
  key: SessionKeys | Uint8Array;
  lifetime?: Partial<SessionLifetime>;
}

const HOUR = 3_600;
const REAP_EVERY_SECONDS = 600;
const LIFETIME: SessionLifetime = { idle: 12 * HOUR, absolute: 7 * 24 * HOUR };

/**
 * Server-side sessions and CSRF tokens for the whole app. Nobody has a session before signing in, so visitors cost no
 * row, and routes for programs have none. The cookie is HttpOnly and SameSite=Lax (Strict would lose it on the way back
 * from another site); on an https issuer also `__Host-` and Secure.
 */
export const sessions = fp(async (app: FastifyInstance, options: SessionOptions) => {
  const { pool, name } = options;
  const keys = options.key instanceof Uint8Array ? sessionKeysOf(options.key) : options.key;
  const lifetime = { ...LIFETIME, ...options.lifetime };
  const secure = app.getDecorator<string>('issuer').startsWith('https:');
  const prefix = secure ? '__Host-' : '';
  const cookieName = `${prefix}${name}-session`;
  const cookieOptions = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const;

  app.decorate(LIFETIME_OF_SESSIONS, lifetime);
  app.decorate(CHALLENGE_KEY, keys.formToken);
  app.decorate(SESSION_COOKIE, {
    name: cookieName,
    visitorName: `${prefix}${name}-visitor`,
    knownName: `${prefix}${name}-known`,
    options: cookieOptions,
  } satisfies SessionCookie);
  if (secure) app.addHook('onRequest', speaksTls);
  await app.register(forPeople(cookie, '@fastify/cookie'), { secret: keys.form });
  await app.register(forPeople(session, '@fastify/session'), {
    secret: keys.sessionCookie,
    cookieName,
    cookie: { ...cookieOptions },
    store: new SessionStore(pool, lifetime),
    saveUninitialized: false,
    rolling: false,
  });
  await formTokens(app, { cookieName: `${prefix}${name}-form`, cookieOptions, key: keys.formToken });
  const work = async () => app.log.debug(await reap(pool, lifetime), 'reaped');
  repeat(app, { everySeconds: REAP_EVERY_SECONDS, work, what: 'reaping' });
});

interface SessionCookie {
  name: string;
  visitorName: string;
  knownName: string;
  options: { path: string; httpOnly: boolean; secure: boolean; sameSite: 'lax' };
}
const LIFETIME_OF_SESSIONS = 'sessionLifetime';
const CHALLENGE_KEY = 'challengeKey';
const SESSION_COOKIE = 'sessionCookie';

/** Whose session begins, and how they authenticated. */
export interface NewSession {
  readonly account: Account;
  /** The account's generation when that was checked. */
  readonly generation: number;
  readonly method: SignInMethod;
}

/**
 * Starts a session for an account under a new id, and ends the one before, if any.
 *
 * @throws Problem 409 when all sessions of the account were ended after the credentials had been checked
 */
export async function startSession(
  request: FastifyRequest,
  { account: { id, username }, generation, method }: NewSession,
): Promise<void> {
  await request.session.regenerate();
  const device = deviceName(request.headers['user-agent']);
  Object.assign(request.session, {
    account: { id, username },
    signIn: { method, device, address: request.ip } satisfies SignIn,
    generation,
  });
  try {
    await request.session.save();
  } catch (error) {
    if (!(error instanceof NotBegun)) throw error;
    await request.session.destroy();
    throw new Problem(409, 'Your account was changed at this very moment. Sign in again.', {
      next: { href: '/sign-in', label: 'Sign in' },
    });
  }
}

/** The hash of this request's session id, as it is stored. */
export const currentSessionHash = (request: FastifyRequest): Buffer => sessionHash(request.session.sessionId);

/** The lifetime of sessions at this service. */
export const lifetimeOf = (request: FastifyRequest): SessionLifetime =>
  request.server.getDecorator<SessionLifetime>(LIFETIME_OF_SESSIONS);

/** Of sessions named by their {@link currentSessionHash} in hex, finds those that are live. */
export function liveSessionsOf(
  app: FastifyInstance,
  pool: Pool,
): (sessions: readonly Buffer[]) => Promise<ReadonlySet<string>> {
  const lifetime = app.getDecorator<SessionLifetime>(LIFETIME_OF_SESSIONS);
  return (sessions) => findLive(pool, { sessions, lifetime });
}

/** The key that signs challenges. */
export const challengeKeyOf = (app: FastifyInstance): string => app.getDecorator<string>(CHALLENGE_KEY);

/** The cookie that marks a browser in which somebody has signed in before. */
export function knownCookieOf(request: FastifyRequest): Pick<SessionCookie, 'name' | 'options'> {
  const { knownName: name, options } = request.server.getDecorator<SessionCookie>(SESSION_COOKIE);
  return { name, options };
}

/** What identifies this browser: its session or, before there is one, a cookie that is set here. */
export function browserBinding({ request, reply }: { request: FastifyRequest; reply: FastifyReply }): string {
  if (currentSessionAccount(request) !== null) return `session ${currentSessionHash(request).toString('base64url')}`;
  const { visitorName, options } = request.server.getDecorator<SessionCookie>(SESSION_COOKIE);
  let visitor = request.cookies[visitorName] ?? '';
  if (!/^[A-Za-z0-9_-]{22}$/.test(visitor)) {
    visitor = randomBytes(16).toString('base64url');
    reply.setCookie(visitorName, visitor, options);
  }
  return `visitor ${visitor}`;
}

/** Ends the session on every replica, and removes the cookie. */
export async function endSession(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await request.session.destroy();
  const { name, options } = request.server.getDecorator<SessionCookie>(SESSION_COOKIE);
  reply.clearCookie(name, options);
}

/**
 * With an https issuer a proxy terminates TLS, and @fastify/session would not set a Secure cookie on what looks like
 * http.
 */
async function speaksTls(request: FastifyRequest): Promise<void> {
  Object.defineProperty(request, 'protocol', { value: 'https' });
}
