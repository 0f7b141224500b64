import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { challengeKeyOf, knownCookieOf } from './sessions.ts';

const YEAR_SECONDS = 365 * 24 * 3_600;
const SHAPE = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/**
 * Sets a cookie that says that this person has signed in here. In this browser they are not refused when others try
 * their password from many addresses.
 */
export function rememberBrowser(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  username: string,
): void {
  const { name, options } = knownCookieOf(request);
  const number = randomBytes(16).toString('base64url');
  reply.setCookie(name, `${number}.${macOf(request, number, username).toString('base64url')}`, {
    ...options,
    maxAge: YEAR_SECONDS,
  });
}

/** The number of the browser if this person has signed in there, otherwise null. It does not authenticate anybody. */
export function knownBrowser(request: FastifyRequest, username: string): string | null {
  const { name } = knownCookieOf(request);
  const [, number, mac] = SHAPE.exec(request.cookies[name] ?? '') ?? [];
  if (number === undefined || mac === undefined) return null;
  return timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(request, number, username)) ? number : null;
}

const macOf = (request: FastifyRequest, number: string, username: string): Buffer =>
  createHmac('sha256', challengeKeyOf(request.server)).update(`known browser\0${number}\0${username}`).digest();
