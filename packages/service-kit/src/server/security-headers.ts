import helmet from '@fastify/helmet';
import { CONTENT_SECURITY_POLICY } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const YEAR_SECONDS = 31_536_000;

/**
 * Security headers on every answer, JSON too. HSTS only where the issuer is https: on localhost it would lock out every
 * other service there.
 */
export async function securityHeaders(app: FastifyInstance, issuer: string): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    strictTransportSecurity: issuer.startsWith('https:') ? { maxAge: YEAR_SECONDS, includeSubDomains: false } : false,
  });
}

const COOP = 'cross-origin-opener-policy';

/**
 * `onSend` of what lies on somebody's way through an authorization: an app may have opened it in a window of its own
 * and wait to be told by `window.opener`, which a Cross-Origin-Opener-Policy of any answer on the way would take away
 * for good (HTML §7.1.3).
 */
export async function keepOpener(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.removeHeader(COOP);
  // where helmet puts it
  reply.raw.removeHeader(COOP);
}
