import helmet from 'helmet';
import { CONTENT_SECURITY_POLICY } from '@chatelaine/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';

const YEAR_SECONDS = 31_536_000;

/**
 * Security headers on every answer, also on JSON. HSTS only if the issuer is https: on localhost it would make every
 * other service there unreachable.
 */
export function securityHeaders(issuer: string): SetHeaders {
  // made once: @fastify/helmet makes it again for each request
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    strictTransportSecurity: issuer.startsWith('https:') ? { maxAge: YEAR_SECONDS, includeSubDomains: false } : false,
  });
  return ({ raw: request }, { raw: answer }) => setHeaders(request, answer, () => undefined);
}

type SetHeaders = (request: Pick<FastifyRequest, 'raw'>, reply: Pick<FastifyReply, 'raw'>) => void;

const COOP = 'cross-origin-opener-policy';

/**
 * `onSend` hook for pages that may be part of an authorization. An app may have opened them in a window, and wait for a
 * message by `window.opener`; a Cross-Origin-Opener-Policy on any of the answers would sever that for good (HTML
 * §7.1.3).
 */
export async function keepOpener(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.removeHeader(COOP);
  // helmet sets it on the raw response
  reply.raw.removeHeader(COOP);
}
