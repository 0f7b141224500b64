import helmet from 'helmet';
import { CONTENT_SECURITY_POLICY } from '@chatelaine/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';

const YEAR_SECONDS = 31_536_000;

/**
 * Security headers on every answer, also on JSON. HSTS only if the issuer is https: on localhost it would make every
 * other service there unreachable.
 */
export function securityHeaders(issuer: string): SetHeaders {
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    strictTransportSecurity: issuer.startsWith('https:') ? { maxAge: YEAR_SECONDS, includeSubDomains: false } : false,
  });
  const headers = headersSetBy(setHeaders);
  return ({ raw }) => {
    for (const [name, value] of headers) raw.setHeader(name, value);
  };
}

type SetHeaders = (reply: Pick<FastifyReply, 'raw'>) => void;

/** They are the same for every request, so helmet's fourteen functions need to run only once. */
function headersSetBy(setHeaders: ReturnType<typeof helmet>): readonly (readonly [string, string])[] {
  const headers = new Map<string, string>();
  const answer = {
    setHeader: (name: string, value: string) => void headers.set(name, value),
    removeHeader: (name: string) => void headers.delete(name),
  };
  let isDone = false;
  setHeaders(
    {} as Parameters<typeof setHeaders>[0],
    answer as unknown as Parameters<typeof setHeaders>[1],
    (error?: unknown) => {
      if (error !== undefined) throw error;
      isDone = true;
    },
  );
  if (!isDone) throw new Error('helmet has not set all headers at once.');
  return [...headers];
}

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
