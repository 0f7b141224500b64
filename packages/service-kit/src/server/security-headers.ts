import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Nothing but our own stylesheet, icon and forms: there is no script on any page. */
const policy = (formActions: readonly string[]) => ({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'style-src': ["'self'"],
      'img-src': ["'self'"],
      'form-action': ["'self'", ...formActions],
      'frame-ancestors': ["'none'"],
      'base-uri': ["'none'"],
    },
  },
});

const YEAR_SECONDS = 31_536_000;

/** Security headers on every answer, JSON too. HSTS only where the issuer is https: on localhost it would lock out every other service there. */
export async function securityHeaders(app: FastifyInstance, issuer: string): Promise<void> {
  await app.register(helmet, {
    ...policy([]),
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    strictTransportSecurity: issuer.startsWith('https:') ? { maxAge: YEAR_SECONDS, includeSubDomains: false } : false,
  });
}

/** An http(s) origin, or the bare scheme of an app's callback. Anything else could add directives. */
const SOURCE = /^(https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?|[a-z][a-z0-9+.-]*:)$/;

/** Lets forms of this one answer lead to these origins; throws when one is not an origin. */
export function allowFormAction(reply: FastifyReply, origins: readonly string[]): void {
  for (const origin of origins)
    if (!SOURCE.test(origin)) throw new Error(`Not an origin for form-action: ${JSON.stringify(origin)}`);
  void reply.helmet(policy(origins));
}
